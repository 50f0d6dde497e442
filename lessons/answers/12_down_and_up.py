# %% tags=["hide-cell"]
picture8 = mp.Tensor(np.random.default_rng(5).standard_normal((1, 1, 8, 8)))
lossless = ops.avg_pool2d(ops.upsample_nearest(picture8, 2), 2).data
lossy = ops.upsample_nearest(ops.avg_pool2d(picture8, 2), 2).data
smooth = ops.avg_pool2d(ops.upsample_bilinear(picture8, 2), 2).data
assert np.allclose(lossless, picture8.data) and not np.allclose(lossy, picture8.data)
assert not np.allclose(smooth, picture8.data)
kit.answer("""
Nearest, then average: four equal numbers have that number as their mean. After an average the
details are gone, and no enlargement brings them back. Bilinear first smooths, so even then the
picture does not return. (Hence U-Net's skips: they carry the details across.)""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The sum of what arrives at the three.
2. A quarter of what arrives at the average.
3. It is thrown away: nothing that can be learned stands there.
4. Channels that were put side by side are cut apart again; each part goes back to where it came
   from.
5. By the law that the sum of (A x) g equals the sum of x (Aᵀ g), for any x and g.
"""
)
