"""A stand-in for Vercel Blob as its SDK sees it: a real server with real files behind it."""

from dev.blob.stand_in import BlobStandIn

__all__ = ["BlobStandIn"]
