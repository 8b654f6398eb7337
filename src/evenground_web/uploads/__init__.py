"""Figures that others published, sent through the site, checked, and put where the next build reads them."""
