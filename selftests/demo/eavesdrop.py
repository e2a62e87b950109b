#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""eavesdrop.py PCAP WAV - what somebody hears who plays the call from a copy of the wire.

RTP's header is in clear, also in SRTP, so an eavesdropper knows that this is
Opus and which packet belongs where. He has a proper decoder: libopus, the one
GStreamer uses. Each packet becomes 20 ms of sound, left what Alice sends and
right what Bob sends; where the decoder refuses a packet, silence. Prints how many it refused, and of
how many.
"""

import array
import ctypes
import pathlib
import sys
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import rtpfile  # noqa: E402

SIDES = ("192.0.2.1", "192.0.2.2")
RTP_PORT = 5004
RTP_HEADER = 12
RATE = 16000
FRAME = RATE // 50
LONGEST = RATE * 120 // 1000  # of an Opus packet, RFC 6716 section 3.2.5

opus = ctypes.CDLL("libopus.so.0")
opus.opus_decoder_create.restype = ctypes.c_void_p
opus.opus_decode.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_int,
]


def play(packets):
    """The sound of one direction's RTP packets, and how many of them the decoder refused."""
    decoder = opus.opus_decoder_create(RATE, 1, None)
    pcm = (ctypes.c_int16 * LONGEST)()
    sound, refused = array.array("h"), 0
    for packet in packets:
        payload = packet[RTP_HEADER:]
        samples = opus.opus_decode(decoder, payload, len(payload), pcm, LONGEST, 0)
        refused += samples < 0
        heard = array.array("h", pcm[: min(max(samples, 0), FRAME)])
        heard.extend([0] * (FRAME - len(heard)))
        sound.extend(heard)
    return sound, refused


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: eavesdrop.py PCAP WAV")
    datagrams = rtpfile.read_pcap(sys.argv[1])
    sounds, refused, total = [], 0, 0
    for side in SIDES:
        packets = [d.data for d in datagrams if d.src == side and d.dport == RTP_PORT]
        sound, bad = play(packets)
        sounds.append(sound)
        refused += bad
        total += len(packets)
    stereo = array.array("h", [0]) * (2 * max(map(len, sounds)))
    for channel, sound in enumerate(sounds):
        stereo[channel : 2 * len(sound) : 2] = sound
    with wave.open(sys.argv[2], "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(stereo.tobytes())
    print(f"{refused} {total}")


if __name__ == "__main__":
    main()
