# %% tags=["hide-cell"]
try:
    np.maximum(far.asarray(x), 0)
    raise AssertionError("it worked")
except TypeError as error:
    message = str(error)
kit.answer(f"Here nothing: the mistake cannot be seen. Over there: {message}.")
