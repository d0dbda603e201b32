"""Taking patients out of images and headers: identifiers, dates, burned-in text."""
