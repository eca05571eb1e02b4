"""Recordings and rendered scenes served as RTSP cameras, with faults on request."""
