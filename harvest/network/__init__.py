"""Talking DICOM over the network: DICOMweb as client and server, DIMSE as listener. No rows, no settings."""
