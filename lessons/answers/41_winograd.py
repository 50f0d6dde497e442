# %% tags=["hide-cell"]
tiles = rng.standard_normal((999, 6, 6))
lost = []
for points in ([0, 1, -1, 2, -2], [0, 1, -1, 3, -3], [0, 1, -1, 0.5, -0.5], [0, 1, 2, 3, 4]):
    exact = tile_by_winograd(tiles, kernel, *matrices(points))
    assert np.isclose(exact[0, 0, 0], (tiles[0, :3, :3] * kernel).sum())
    short = (np.float32(array) for array in (tiles, kernel, *matrices(points)))
    lost.append(np.abs(tile_by_winograd(*short) - exact).max())
assert lost[3] > lost[1] > lost[0]
kit.answer(f"""
It works with any six different points. The largest error of float32 is {lost[0]:.0e} with 2 and -2,
{lost[1]:.0e} with 3 and -3, whose powers are larger, and {lost[2]:.0e} with 1/2 and -1/2. With 0 to 4 it
is {lost[3]:.0e}: the powers of 4 are larger still.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. Twelve and six.
2. By its values at six points.
3. Their powers are small; large ones enlarge the rounding errors.
4. A tile is transformed once and used for all output channels, a kernel once for all tiles.
5. It is the transposed matrix of it: the adjoint.
"""
)
