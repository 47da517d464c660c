package acl

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// parseHash reads 64 hexadecimal digits in lower case.
func parseHash(s string) (hash [sha256.Size]byte, ok bool) {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return hash, false
		}
	}
	if len(s) != hex.EncodedLen(len(hash)) {
		return hash, false
	}
	_, err := hex.Decode(hash[:], []byte(s))
	return hash, err == nil
}

// Login returns the user if it is on and the password is one of its passwords, nil if not. How long it takes tells nothing
// of the passwords, nor whether there is such a user.
func (us *Users) Login(name, password []byte) *User {
	hash := sha256.Sum256(password)
	u := us.Find(name)
	if u == nil {
		return nil
	}
	good := 0
	for i := range u.passwords {
		good |= subtle.ConstantTimeCompare(hash[:], u.passwords[i][:])
	}
	if !u.on || !u.nopass && good == 0 {
		return nil
	}
	return u
}

// The bits of GenPass.
const (
	GenPassBits    = 256
	GenPassMaxBits = 4096
)

// GenPass returns random hexadecimal digits that hold at least that many bits.
func GenPass(bits int) string {
	b := make([]byte, (bits+7)/8)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)[:(bits+3)/4]
}
