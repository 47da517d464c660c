package secure

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"strings"
)

// Fault says why a handshake failed, in OpenSSL's words where it has some.
func Fault(err error) string {
	var header tls.RecordHeaderError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "handshake timed out"
	case errors.As(err, &header):
		return "wrong version number"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected eof while reading"
	case errors.As(err, &verify), errors.As(err, &invalid), errors.As(err, &unknown):
		return "certificate verify failed"
	}
	text := words(err)
	for _, w := range []struct{ ours, openssl string }{
		{"client didn't provide a certificate", "peer did not return a certificate"},
		{"failed to verify certificate", "certificate verify failed"},
		{"client offered only unsupported versions", "unsupported protocol"},
		{"no cipher suite supported by both", "no shared cipher"},
		{"first record does not look like a TLS handshake", "wrong version number"},
		{"unsupported SSLv2 handshake", "unsupported protocol"},
	} {
		if strings.Contains(text, w.ours) {
			return w.openssl
		}
	}
	return text
}
