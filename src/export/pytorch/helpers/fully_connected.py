class FullyConnected(nn.Linear):
    """A linear layer over all numbers of its input: (N, C, H, W) to (N, outputs)."""

    def forward(self, x):
        return super().forward(x.flatten(start_dim=1))
