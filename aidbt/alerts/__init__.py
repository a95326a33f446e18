"""Telling people: who is told what, in which words, and by which way."""

from aidbt.alerts.channel import CHANNELS, Channel, ChannelRefused, ChannelUnavailable, Delivery
from aidbt.alerts.message import Item, Message

__all__ = ["CHANNELS", "Channel", "ChannelRefused", "ChannelUnavailable", "Delivery", "Item", "Message"]
