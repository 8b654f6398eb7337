"""What every part of the site shares: the current release, templates, words and downloads."""
