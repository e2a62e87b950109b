#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""gst_srtp.py [--enc FILE] [--dec FILE] PIPELINE... - gst-launch-1.0 for SRTP.

gst-launch-1.0 takes an SRTP key only as an argument, where every user of the
machine can read it in /proc. This runs the same PIPELINE and gives the keys to
GStreamer's own elements behind its back:

  --enc FILE   to the srtpenc that the pipeline calls name=enc
  --dec FILE   to the srtpdec that it calls name=dec, for every SSRC

FILE (or - for standard input) holds one line, as `qsctl call key` takes it:
SUITE inline:BASE64(key||salt). The pipeline ends by itself, or by SIGINT,
which sends end-of-stream through it first. Exit code 1: the pipeline failed.
"""

import argparse
import base64
import binascii
import ctypes
import signal
import sys

# SDP's name of a suite -> libsrtp's cipher in GStreamer's words, key bytes, salt bytes
SUITES = {
    "AEAD_AES_256_GCM": ("aes-256-gcm", 32, 12),
    "AEAD_AES_128_GCM": ("aes-128-gcm", 16, 12),
}

# gst/gstmessage.h, gst/gstelement.h
MESSAGE_EOS = 1 << 0
MESSAGE_ERROR = 1 << 1
STATE_NULL = 1
STATE_PLAYING = 4
POLL_NS = 50_000_000

REQUEST_KEY = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p
)


class GError(ctypes.Structure):
    _fields_ = [
        ("domain", ctypes.c_uint32),
        ("code", ctypes.c_int),
        ("message", ctypes.c_char_p),
    ]


def load(name, functions):
    """Open a library and declare the functions used of it: {name: (result, arguments)}."""
    lib = ctypes.CDLL(name)
    for function, (result, arguments) in functions.items():
        getattr(lib, function).restype = result
        getattr(lib, function).argtypes = arguments
    return lib


P, S, U = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64
gst = load(
    "libgstreamer-1.0.so.0",
    {
        "gst_init": (None, [P, P]),
        "gst_parse_launch": (P, [S, P]),
        "gst_bin_get_by_name": (P, [P, S]),
        "gst_util_set_object_arg": (None, [P, S, S]),
        "gst_caps_from_string": (P, [S]),
        "gst_element_set_state": (ctypes.c_int, [P, ctypes.c_int]),
        "gst_element_get_bus": (P, [P]),
        "gst_bus_timed_pop_filtered": (P, [P, U, ctypes.c_int]),
        "gst_message_get_structure": (P, [P]),
        "gst_message_parse_error": (None, [P, P, P]),
        "gst_event_new_eos": (P, []),
        "gst_element_send_event": (ctypes.c_int, [P, P]),
    },
)
gobject = load(
    "libgobject-2.0.so.0",
    {"g_signal_connect_data": (ctypes.c_ulong, [P, S, REQUEST_KEY, P, P, ctypes.c_int])},
)


def die(text):
    sys.exit(f"gst_srtp.py: {text}")


def read_key(path):
    """The cipher and the key||salt in hexadecimal, from one line `SUITE inline:BASE64`."""
    stream = sys.stdin if path == "-" else open(path, encoding="ascii")
    words = stream.readline().split()
    if len(words) != 2 or words[0] not in SUITES or not words[1].startswith("inline:"):
        die("expected one line: SUITE inline:BASE64, SUITE one of " + " ".join(SUITES))
    cipher, key_len, salt_len = SUITES[words[0]]
    try:
        key = base64.b64decode(words[1][len("inline:") :], validate=True)
    except binascii.Error:
        die("the key is not base64")
    if len(key) != key_len + salt_len:
        die(f"{words[0]} takes {key_len} + {salt_len} bytes of key and salt")
    return cipher, key.hex()


def element(pipeline, name):
    found = gst.gst_bin_get_by_name(pipeline, name.encode())
    if not found:
        die(f"the pipeline has no element with name={name}")
    return found


def set_encoder_key(pipeline, path):
    cipher, key = read_key(path)
    enc = element(pipeline, "enc")
    for what in ("rtp", "rtcp"):
        gst.gst_util_set_object_arg(enc, f"{what}-cipher".encode(), cipher.encode())
        gst.gst_util_set_object_arg(enc, f"{what}-auth".encode(), b"null")
    gst.gst_util_set_object_arg(enc, b"key", key.encode())


def set_decoder_key(pipeline, path):
    """The caller keeps what this returns: GStreamer calls it for each new SSRC."""
    cipher, key = read_key(path)
    caps = (
        f"application/x-srtp, srtp-key=(buffer){key}, "
        f"srtp-cipher=(string){cipher}, srtp-auth=(string)null, "
        f"srtcp-cipher=(string){cipher}, srtcp-auth=(string)null"
    ).encode()
    answer = REQUEST_KEY(lambda _dec, _ssrc, _data: gst.gst_caps_from_string(caps))
    gobject.g_signal_connect_data(element(pipeline, "dec"), b"request-key", answer, None, None, 0)
    return answer


def run(pipeline):
    stop = []
    signal.signal(signal.SIGINT, lambda *_: stop.append(True))
    bus = gst.gst_element_get_bus(pipeline)
    gst.gst_element_set_state(pipeline, STATE_PLAYING)
    message = None
    while not message:
        message = gst.gst_bus_timed_pop_filtered(bus, POLL_NS, MESSAGE_EOS | MESSAGE_ERROR)
        if stop:
            stop.clear()
            gst.gst_element_send_event(pipeline, gst.gst_event_new_eos())
    error = ctypes.POINTER(GError)()
    if gst.gst_message_get_structure(message):  # an error carries one, end-of-stream does not
        gst.gst_message_parse_error(message, ctypes.byref(error), None)
    gst.gst_element_set_state(pipeline, STATE_NULL)
    if error:
        die(error.contents.message.decode())


def main():
    parser = argparse.ArgumentParser(prog="gst_srtp.py", description=__doc__.splitlines()[0])
    parser.add_argument("--enc", metavar="FILE", help="key of the srtpenc named enc")
    parser.add_argument("--dec", metavar="FILE", help="key of the srtpdec named dec")
    parser.add_argument("pipeline", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    gst.gst_init(None, None)
    parse_error = ctypes.POINTER(GError)()
    text = " ".join(args.pipeline).encode()
    pipeline = gst.gst_parse_launch(text, ctypes.byref(parse_error))
    if not pipeline or parse_error:
        die(parse_error.contents.message.decode())
    if args.enc:
        set_encoder_key(pipeline, args.enc)
    keep = set_decoder_key(pipeline, args.dec) if args.dec else None
    run(pipeline)
    del keep


if __name__ == "__main__":
    main()
