"""Public data sets in the layout their publishers gave them, as studies with lesions in mm, LPS."""
