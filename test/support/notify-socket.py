"""Listens at a datagram socket of the service manager and prints what arrives, a JSON text per line."""
import json, os, socket, sys

address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind('\0' + address[1:] if address.startswith('@') else address)
print(json.dumps('listening'), flush=True)
while True:
    print(json.dumps(listener.recv(4096).decode()), flush=True)
