"""The workbook: exercises with holes, and a judge that says what is wrong with what was filled in.

``pages`` knows the files, ``dig`` makes an exercise of its solution, ``examine`` runs a reader's
file, ``checks`` holds what each must do, ``judge`` compares and ``explain`` finds words for what
differs.
"""
