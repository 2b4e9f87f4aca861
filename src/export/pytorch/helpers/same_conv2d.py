class SameConv2d(nn.Conv2d):
    """A convolution with as many zeros around the maps as it takes for an output of ⌈H / stride⌉ rows and
    ⌈W / stride⌉ columns; where their number is odd, the one left over comes behind."""

    def forward(self, x):
        pads = []
        for axis in (1, 0):  # F.pad begins with the columns
            size, stride = x.shape[2 + axis], self.stride[axis]
            span = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            total = max((-(-size // stride) - 1) * stride + span - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))
