class PermutePixels(nn.Module):
    """The pixels of all maps put elsewhere, by one permutation for every channel and picture; it is kept with
    the weights."""

    def __init__(self, n_pixels):
        super().__init__()
        self.register_buffer("permutation", torch.arange(n_pixels))

    def forward(self, x):
        return x.flatten(start_dim=2)[:, :, self.permutation].reshape(x.shape)
