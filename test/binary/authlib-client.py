"""A web application built with Authlib, without the web: reads one JSON command a line, answers with one JSON line.

The commands are what such an application does: begin a sign-in, finish it with the address the browser came back to,
refresh, ask who the user is, get a token for itself.
"""
import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken

settings = json.loads(sys.stdin.readline())
metadata = requests.get(settings["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    settings["client_id"],
    settings["client_secret"],
    scope=settings["scope"],
    redirect_uri=settings["redirect_uri"],
    token_endpoint_auth_method=settings["method"],
    code_challenge_method="S256",
)


def id_token_claims(token, nonce):
    keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    claims = JsonWebToken(metadata["id_token_signing_alg_values_supported"]).decode(
        token["id_token"],
        key=keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"values": [metadata["issuer"]]}, "aud": {"values": [settings["client_id"]]}},
        claims_params={"nonce": nonce, "client_id": settings["client_id"], "access_token": token["access_token"]},
    )
    claims.validate()
    return dict(claims)


def begin(verifier, nonce):
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    return {"url": url, "state": state}


def finish(callback, verifier, nonce, state):
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, code_verifier=verifier, state=state
    )
    return {"token": token, "claims": id_token_claims(token, nonce)}


def userinfo():
    answer = session.get(metadata["userinfo_endpoint"], timeout=10)
    return {"status": answer.status_code, "body": answer.json()}


def refresh():
    return {"token": session.refresh_token(metadata["token_endpoint"])}


def machine(scope):
    with OAuth2Session(
        settings["client_id"], settings["client_secret"], token_endpoint_auth_method=settings["method"], scope=scope
    ) as service:
        token = service.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        found = service.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
        gone = service.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
        after = service.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
        return {"token": token, "found": found.json(), "revoked": gone.status_code, "after": after.json()}


commands = {"begin": begin, "finish": finish, "userinfo": userinfo, "refresh": refresh, "machine": machine}
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = commands[request.pop("command")](**request)
    except Exception as error:  # The test reads what the library objected to.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)
