class FlattenMaps(nn.Module):
    """All maps as one vector, which counts as maps of one pixel: (N, C, H, W) to (N, C·H·W, 1, 1)."""

    def forward(self, x):
        return x.flatten(start_dim=1)[:, :, None, None]
