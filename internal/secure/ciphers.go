package secure

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// A legacy is one of those for TLS up to 1.2 that crypto/tls has, with what OpenSSL's words choose it by.
type legacy struct {
	id    uint16
	name  string // OpenSSL's
	words string // what it consists of, between spaces
	weak  bool   // chosen by its own name only
}

// ciphers are in the order of crypto/tls, which looks at no other.
var ciphers = []legacy{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA AES AES128 AESGCM SHA256 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", " kEECDH kECDHE ECDHE EECDH aRSA AES AES128 AESGCM SHA256 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA AES AES256 AESGCM SHA384 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", " kEECDH kECDHE ECDHE EECDH aRSA AES AES256 AESGCM SHA384 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA CHACHA20 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", " kEECDH kECDHE ECDHE EECDH aRSA CHACHA20 TLSv1.2 HIGH ", false},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA AES AES128 SHA SHA1 TLSv1 SSLv3 HIGH ", false},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", " kEECDH kECDHE ECDHE EECDH aRSA AES AES128 SHA SHA1 TLSv1 SSLv3 HIGH ", false},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA AES AES256 SHA SHA1 TLSv1 SSLv3 HIGH ", false},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", " kEECDH kECDHE ECDHE EECDH aRSA AES AES256 SHA SHA1 TLSv1 SSLv3 HIGH ", false},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "ECDHE-ECDSA-AES128-SHA256", " kEECDH kECDHE ECDHE EECDH aECDSA ECDSA AES AES128 SHA256 TLSv1.2 ", true},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256", " kEECDH kECDHE ECDHE EECDH aRSA AES AES128 SHA256 TLSv1.2 ", true},
	{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", " kRSA RSA aRSA AES AES128 AESGCM SHA256 TLSv1.2 ", true},
	{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", " kRSA RSA aRSA AES AES256 AESGCM SHA384 TLSv1.2 ", true},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", " kRSA RSA aRSA AES AES128 SHA SHA1 TLSv1 SSLv3 ", true},
	{tls.TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", " kRSA RSA aRSA AES AES256 SHA SHA1 TLSv1 SSLv3 ", true},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", " kRSA RSA aRSA AES AES128 SHA256 TLSv1.2 ", true},
	{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-RSA-DES-CBC3-SHA", " kEECDH kECDHE ECDHE EECDH aRSA 3DES SHA SHA1 TLSv1 SSLv3 MEDIUM ", true},
	{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA", " kRSA RSA aRSA 3DES SHA SHA1 TLSv1 SSLv3 MEDIUM ", true},
}

// keywords are words of OpenSSL that name kinds of ciphers, or what crypto/tls has none of.
const keywords = " DEFAULT COMPLEMENTOFDEFAULT ALL COMPLEMENTOFALL HIGH MEDIUM LOW eNULL NULL aNULL kRSA aRSA RSA kDHr kDHd kDH kDHE kEDH DH " +
	"DHE EDH ADH kEECDH kECDHE ECDHE EECDH ECDH AECDH aDSS DSS aDH aECDSA ECDSA TLSv1.2 TLSv1.0 TLSv1 SSLv3 AES128 AES256 AES AESGCM AESCCM " +
	"AESCCM8 ARIA128 ARIA256 ARIA CAMELLIA128 CAMELLIA256 CAMELLIA CHACHA20 3DES DES RC4 RC2 IDEA SEED MD5 SHA1 SHA SHA256 SHA384 aGOST " +
	"aGOST01 kGOST GOST94 GOST89MAC PSK kPSK kECDHEPSK kDHEPSK kRSAPSK aPSK SUITEB128 SUITEB128ONLY SUITEB192 FIPS EXP EXPORT SRP kSRP aSRP CBC "

// parts are what the names of OpenSSL's ciphers are made of. A name of such parts that crypto/tls has not is one that is not
// there, not a mistake.
const parts = " DHE ECDHE EDH ADH AECDH RSA ECDSA DSS PSK SRP AES128 AES256 CAMELLIA128 CAMELLIA256 ARIA128 ARIA256 ARIA CHACHA20 POLY1305 " +
	"GCM CCM CCM8 SHA SHA256 SHA384 SEED IDEA CBC CBC3 DES RC4 MD5 NULL GOST2001 GOST89 GOST2012 GOST8912 LEGACY KUZNYECHIK MAGMA OMAC CTR 3DES EDE " +
	"3072 STREEBOG KX DH ECDH "

func among(list, word string) bool { return word != "" && strings.Contains(list, " "+word+" ") }

// parseCiphers reads a list as OpenSSL does: names and kinds between colons, commas or spaces; kinds that are joined by '+' must
// all hold; what is behind '-' is taken off the list, behind '!' for good; '+' in front moves to the end, and '@' commands sort,
// which have no effect as crypto/tls has its own order. nil stands for what crypto/tls offers by itself.
func parseCiphers(text string) ([]uint16, error) {
	if text == "" {
		return nil, nil
	}
	var on, off [64]bool
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(":, ;", r) }) {
		op := byte(0)
		if strings.IndexByte("!-+", item[0]) >= 0 {
			op, item = item[0], item[1:]
		}
		switch {
		case item == "":
			return nil, fmt.Errorf(" (a sign without a word)")
		case item[0] == '@':
			if !strings.HasPrefix(item, "@SECLEVEL=") && item != "@STRENGTH" {
				return nil, fmt.Errorf(" (unknown: %s)", item)
			}
			continue
		}
		chosen, err := match(item)
		if err != nil {
			return nil, err
		}
		for i, yes := range chosen {
			switch {
			case !yes:
			case op == 0:
				on[i] = true
			case op == '-':
				on[i] = false
			case op == '!':
				off[i] = true
			}
		}
	}
	var list []uint16
	for i, c := range ciphers {
		if on[i] && !off[i] {
			list = append(list, c.id)
		}
	}
	if list == nil {
		return nil, fmt.Errorf(" (no cipher match)")
	}
	return list, nil
}

// match finds the ciphers that one item of a list names.
func match(item string) (chosen [64]bool, err error) {
	words := strings.Split(item, "+")
	for _, w := range words {
		if !among(keywords, w) && !isName(w) {
			return chosen, fmt.Errorf(" (unknown: %s)", w)
		}
	}
	for i, c := range ciphers {
		yes := true
		for _, w := range words {
			switch {
			case w == c.name:
			case w == "ALL" || w == "DEFAULT":
				yes = yes && !c.weak
			case among(c.words, w):
				yes = yes && !c.weak
			default:
				yes = false
			}
		}
		chosen[i] = yes
	}
	return chosen, nil
}

// isName tells whether w is the name of a cipher, or might be the name of one that crypto/tls has not.
func isName(w string) bool {
	list := strings.Split(w, "-")
	for _, p := range list {
		if !among(parts, p) {
			return false
		}
	}
	return len(list) > 1
}

// suites are those that the standard of TLS 1.3 names.
const suites = " TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256 "

// checkSuites reads a list of TLS 1.3 suites. crypto/tls offers the first three, always.
func checkSuites(text string) error {
	if text == "" {
		return nil
	}
	offered := false
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		if !among(suites, w) {
			return fmt.Errorf(" (unknown: %s)", w)
		}
		offered = offered || !strings.Contains(w, "CCM")
	}
	if !offered {
		return fmt.Errorf(" (no cipher match)")
	}
	return nil
}
