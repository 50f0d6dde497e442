# %% tags=["hide-cell"]
hot, cold = (softmax_by_hand([v / temperature for v in z]) for temperature in (100.0, 0.1))
assert max(hot) - min(hot) < 0.02 and max(cold) > 0.999
kit.answer(f"""
A large one makes them alike ({", ".join(f"{q:.3f}" for q in hot)} at 100), a small one leaves the
largest alone ({max(cold):.5f} at 0.1). The order never changes.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. All powers shrink by the same factor, which cancels when they are divided by their sum.
2. p - t: what was said minus what is.
3. log 26 = 3.26, the cost of equal chances.
4. Only the difference of two scores counts, so one of them may be 0.
5. Softmax is flat there, and its flatness multiplies the pull: the gradient vanishes where it is
   needed most.
"""
)
