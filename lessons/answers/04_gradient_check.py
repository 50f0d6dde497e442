# %% tags=["hide-cell"]
zero = np.zeros(1)
numeric = numeric_gradient(ops.relu, zero, np.ones(1))[0]
tensor = Tensor(zero, requires_grad=True)
ops.relu(tensor).backward(np.ones(1))
assert abs(numeric - 0.5) < 1e-9 and tensor.grad[0] == 0
kit.answer(f"""
The difference says {numeric:.1f}, the mean of both sides; minipose says {tensor.grad[0]:.0f}.
Neither is the derivative: there is none at a kink, and any slope from 0 to 1 serves for
descent. So tests of such functions keep away from kinks by more than h.""")
