# %% tags=["hide-cell"]
zero = np.zeros(1)
numeric = numeric_gradient(ops.relu, zero, np.ones(1))[0]
tensor = Tensor(zero, requires_grad=True)
ops.relu(tensor).backward(np.ones(1))
assert abs(numeric - 0.5) < 1e-9 and tensor.grad[0] == 0
kit.answer(f"""
The difference says {numeric:.1f}, the mean of both sides; minipose says {tensor.grad[0]:.0f}.
Neither is the derivative: there is none at a kink, and any slope from 0 to 1 serves for
descent. One hundredth further on both agree. At 0.000001, closer than h = 0.00001, the difference
still reaches over the kink. So tests of such functions keep away from kinks by more than h.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. In f(x + h) - f(x - h) the even terms of Taylor's series cancel: the error falls with h²
   instead of h.
2. The function is known to some digits only; their error is divided by h.
3. In float32 the best step leaves an error of about 1e-5 or more: a derivative that is slightly
   wrong would pass.
4. By a sum with random factors; the factors are then what arrives at the output.
5. That the rule is right at this point, for this shape, in the directions looked at. Not that the
   function itself is the one that was meant.
"""
)
