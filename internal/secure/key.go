package secure

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// What is wrong with a key file.
var (
	errNoKey      = errors.New("no start line")
	errBadDecrypt = errors.New("bad decrypt")
	errNoPass     = errors.New("bad password read")
)

// openKey returns a private key in PEM without its password. There are two forms of keys with one:
//
//	-----BEGIN RSA PRIVATE KEY-----            OpenSSL's old one: the cipher stands in headers
//	Proc-Type: 4,ENCRYPTED
//
//	-----BEGIN ENCRYPTED PRIVATE KEY-----      PKCS#8: the cipher stands in the ASN.1
func openKey(text []byte, pass string) ([]byte, error) {
	for rest := text; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return nil, errNoKey
		}
		if !strings.HasSuffix(b.Type, "PRIVATE KEY") {
			continue
		}
		switch {
		case b.Type == "ENCRYPTED PRIVATE KEY":
			if pass == "" {
				return nil, errNoPass
			}
			der, err := openPKCS8(b.Bytes, pass)
			if err != nil {
				return nil, err
			}
			b = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
		//lint:ignore SA1019 the form is weak, and it is the one that tls-key-file-pass is used for
		case x509.IsEncryptedPEMBlock(b):
			if pass == "" {
				return nil, errNoPass
			}
			//lint:ignore SA1019 as above
			der, err := x509.DecryptPEMBlock(b, []byte(pass))
			if errors.Is(err, x509.IncorrectPasswordError) {
				return nil, errBadDecrypt
			}
			if err != nil {
				return nil, err
			}
			if rest, err := asn1.Unmarshal(der, new(asn1.RawValue)); err != nil || len(rest) > 0 {
				return nil, errBadDecrypt // as in openPKCS8; keys of all kinds are one value
			}
			b = &pem.Block{Type: b.Type, Bytes: der}
		}
		return pem.EncodeToMemory(b), nil
	}
}

func hasCertificate(text []byte) bool { return firstCertificate(text) != nil }

// firstCertificate returns the first certificate of a file, nil if there is none.
func firstCertificate(text []byte) []byte {
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return nil
		}
		if b.Type == "CERTIFICATE" {
			return b.Bytes
		}
	}
}

// The ASN.1 of PKCS#8 (RFC 5958) and of PBES2 with PBKDF2 (RFC 8018).
type (
	encryptedKey struct {
		Algorithm algorithm
		Data      []byte
	}
	algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	pbes2Parameters struct {
		Derivation algorithm
		Cipher     algorithm
	}
	pbkdf2Parameters struct {
		Salt       []byte
		Iterations int
		KeyLength  int       `asn1:"optional"`
		PRF        algorithm `asn1:"optional"`
	}
)

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"

	mostIterations = 100_000_000 // some tens of seconds: beyond it is a mistake
)

var prfs = map[string]func() hash.Hash{
	"":                    sha1.New,
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

var keyCiphers = map[string]struct {
	key int
	new func([]byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}

// openPKCS8 decrypts a key of PKCS#8.
func openPKCS8(der []byte, pass string) ([]byte, error) {
	var k encryptedKey
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, fmt.Errorf("malformed encrypted key: %w", err)
	}
	if id := k.Algorithm.ID.String(); id != oidPBES2 {
		return nil, fmt.Errorf("unsupported encryption of the private key (%s): convert it with \"openssl pkcs8 -topk8 -v2 aes-256-cbc\"", id)
	}
	var p pbes2Parameters
	if _, err := asn1.Unmarshal(k.Algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, fmt.Errorf("malformed encrypted key: %w", err)
	}
	if id := p.Derivation.ID.String(); id != oidPBKDF2 {
		return nil, fmt.Errorf("unsupported key derivation of the private key (%s): convert it with \"openssl pkcs8 -topk8 -v2 aes-256-cbc\"", id)
	}
	var d pbkdf2Parameters
	if _, err := asn1.Unmarshal(p.Derivation.Parameters.FullBytes, &d); err != nil {
		return nil, fmt.Errorf("malformed encrypted key: %w", err)
	}
	var iv []byte
	if _, err := asn1.Unmarshal(p.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, fmt.Errorf("malformed encrypted key: %w", err)
	}
	prf := prfs[d.PRF.ID.String()]
	c, ok := keyCiphers[p.Cipher.ID.String()]
	if prf == nil || !ok || d.Iterations < 1 || d.Iterations > mostIterations {
		return nil, fmt.Errorf("unsupported encryption of the private key (%s, %s, %d rounds)", d.PRF.ID, p.Cipher.ID, d.Iterations)
	}
	key, err := pbkdf2.Key(prf, pass, d.Salt, d.Iterations, c.key)
	if err != nil {
		return nil, err
	}
	block, err := c.new(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(k.Data) == 0 || len(k.Data)%size != 0 {
		return nil, errBadDecrypt
	}
	out := make([]byte, len(k.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, k.Data)
	n := int(out[len(out)-1])
	if n < 1 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errBadDecrypt
	}
	out = out[:len(out)-n]
	if _, err := x509.ParsePKCS8PrivateKey(out); err != nil {
		return nil, errBadDecrypt // one wrong password in 256 leaves padding that looks right
	}
	return out, nil
}
