"""What the model says about itself: its loops, what each contributes, where the shortage comes from, how it behaves."""
