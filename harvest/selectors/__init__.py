"""Reads: functions that return rows or plain data and change nothing."""
