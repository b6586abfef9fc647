"""zeep: SOAP through a transport on a session, which also reads WSDL files from disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree
from requests.auth import HTTPBasicAuth
from zeep.transports import Transport

from tests.support import Answer, HttpServer, ReceivedRequest

_WSDL = """<?xml version="1.0"?>
<definitions name="Letters" targetNamespace="urn:letters" xmlns="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="urn:letters"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <message name="Ask"><part name="name" type="xsd:string"/></message>
  <message name="Said"><part name="greeting" type="xsd:string"/></message>
  <portType name="Port"><operation name="Greet">
    <input message="tns:Ask"/><output message="tns:Said"/>
  </operation></portType>
  <binding name="Binding" type="tns:Port">
    <soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Greet"><soap:operation soapAction="urn:letters#Greet"/>
      <input><soap:body use="literal" namespace="urn:letters"/></input>
      <output><soap:body use="literal" namespace="urn:letters"/></output>
    </operation>
  </binding>
  <service name="Service"><port name="Port" binding="tns:Binding">
    <soap:address location="{url}/soap"/>
  </port></service>
</definitions>"""
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def envelope(body: str) -> bytes:
    said = f'<e:Envelope xmlns:e="{_ENVELOPE}"><e:Body>{body}</e:Body></e:Envelope>'
    return said.encode()


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    kind = [("Content-Type", "text/xml; charset=utf-8")]
    wsdl = _WSDL.format(url=http_server.url).encode()
    http_server.route("/letters.wsdl")(lambda _: Answer(wsdl, 200, kind))

    @http_server.route("/soap")
    def soap(request: ReceivedRequest) -> Answer:
        name = etree.fromstring(request.body).findtext(".//name")
        if not name:
            fault = "<faultcode>e:Client</faultcode><faultstring>no name</faultstring>"
            return Answer(envelope(f"<e:Fault>{fault}</e:Fault>"), 500, kind)
        greeting = f"<greeting>Merhaba {name}</greeting>"
        said = f'<r:GreetResponse xmlns:r="urn:letters">{greeting}</r:GreetResponse>'
        return Answer(envelope(said), 200, kind)

    return http_server


@pytest.fixture
def session():
    with requests.Session() as session:
        session.auth = HTTPBasicAuth("fatma", "s3cret")
        yield session


def test_an_operation(server: HttpServer, session: requests.Session) -> None:
    client = zeep.Client(f"{server.url}/letters.wsdl", transport=Transport(session=session))
    assert client.service.Greet("Güneş") == "Merhaba Güneş"
    asked, sent = server.requests
    assert asked.header("User-Agent").startswith("Zeep/")
    assert sent.header("SOAPAction") == '"urn:letters#Greet"'
    assert sent.header("Content-Type") == "text/xml; charset=utf-8"
    assert {x.header("Authorization") for x in server.requests} == {"Basic ZmF0bWE6czNjcmV0"}
    assert server.connections == 1


def test_a_fault(server: HttpServer, session: requests.Session) -> None:
    client = zeep.Client(f"{server.url}/letters.wsdl", transport=Transport(session=session))
    with pytest.raises(zeep.exceptions.Fault, match="no name"):
        client.service.Greet("")


def test_a_wsdl_on_disk(server: HttpServer, session, tmp_path: Path) -> None:
    path = tmp_path / "letters.wsdl"
    path.write_text(_WSDL.format(url=server.url), encoding="utf-8")
    client = zeep.Client(path.as_uri(), transport=Transport(session=session))
    assert client.service.Greet("Ay") == "Merhaba Ay"


def test_a_wsdl_that_is_not_there(server: HttpServer, session) -> None:
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        zeep.Client(f"{server.url}/absent.wsdl", transport=Transport(session=session))
