class PermutePixels(nn.Module):
    """The pixels of all maps put elsewhere, by one permutation for every channel and picture. It is drawn as
    ConvScope draws it: shuffled from behind (Durstenfeld 1964), by a hash of the key and the place."""

    def __init__(self, key, n_pixels):
        super().__init__()

        def mix(x):
            x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
            x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
            return x ^ (x >> 16)

        places = list(range(n_pixels))
        for i in reversed(range(1, n_pixels)):
            bits = mix((key + mix(i ^ 0xC2B2AE35)) % 2**32)
            other = (bits * (i + 1)) >> 32
            places[i], places[other] = places[other], places[i]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def forward(self, x):
        return x.flatten(start_dim=2)[:, :, self.places].reshape(x.shape)
