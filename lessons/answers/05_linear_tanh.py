# %% tags=["hide-cell"]
mirror = np.float32([1, -1])  # in the x axis: shoulder and bend change their signs
answers = networks["with tanh"](mp.Tensor(hands * mirror)).data
off = 300 * np.linalg.norm(answers - elbows * mirror, axis=1).mean()
# The other place at which both bones would meet: the elbow, reflected in the line to the hand.
along = hands / np.linalg.norm(hands, axis=1, keepdims=True)
other = 2 * (elbows * along).sum(axis=1, keepdims=True) * along - elbows
reflected = 300 * np.linalg.norm(answers - other * mirror, axis=1).mean()
assert reflected < off
kit.answer(f"""
It puts the elbow {off:.0f} mm off on average, but only {reflected:.0f} mm from where it would be if
the arm bent the usual way. A network answers with what it has seen, whatever it is shown.""")
