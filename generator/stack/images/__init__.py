"""Container images: which ones a chart pulls, from where, and the same ones from a registry of one's own."""

from generator.stack.images.pulled import PulledImage, images_of
from generator.stack.images.reference import Reference, parse_reference
from generator.stack.images.values import image_values

__all__ = ["PulledImage", "Reference", "image_values", "images_of", "parse_reference"]
