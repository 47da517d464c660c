package admin

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"granary/internal/command"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/zset"
)

// Digests of data, the same that Redis makes of the same data, whatever the encodings, the order of keys and the
// access clocks are. That is what makes them worth having: a digest before and after a reload, of a master and of its
// replica, of Granary and of a real server.
//
// A digest is 20 bytes. Two operations build it up:
//
//	xor(x)   d = d xor SHA1(x)         things whose order does not matter
//	mix(x)   d = SHA1(d xor SHA1(x))   things whose order matters
//
// A value is mix(type) and then its content: a string is mix(text), a set is xor(member) for each member. An expiry adds
// xor("!!expire!!"). A data set is, for each database that is not empty, mix(number), and xor(digest of mix(key) and
// value) for every key.

type digest [sha1.Size]byte

func (d *digest) xor(x []byte) {
	h := sha1.Sum(x)
	for i := range d {
		d[i] ^= h[i]
	}
}

func (d *digest) mix(x []byte) {
	d.xor(x)
	*d = sha1.Sum(d[:])
}

func (d *digest) number(n uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	d.mix(b[:])
}

func (d *digest) text() string { return hex.EncodeToString(d[:]) }

// value adds the value and the expiry of an entry, whose arena is a. It reports false for a type that it does not know.
func (d *digest) value(a *mem.Arena, e object.Entry) bool {
	d.number(uint32(e.Type()))
	switch e.Type() {
	case object.String:
		var buf object.Scratch
		d.mix(e.Text(&buf))
	case object.Hash:
		d.hash(e)
	case object.Set:
		d.set(e)
	case object.List:
		d.list(a, e)
	case object.ZSet:
		d.zset(e)
	case object.Stream:
		d.stream(a, e)
	default:
		return false
	}
	if e.HasExpiry() {
		d.xor([]byte("!!expire!!"))
	}
	return true
}

// set adds the members of a set, in any order.
func (d *digest) set(e object.Entry) {
	v := set.Of(e)
	var m set.Member
	v.Each(&m, func() bool {
		d.xor(m.Text())
		return true
	})
}

// zset adds the members of a sorted set, in any order: for each the digest of mix(member) and mix(score).
func (d *digest) zset(e object.Entry) {
	v := zset.OfEntry(nil, e)
	var s zset.Scratch
	at := v.At(0)
	for ; at.Valid(); at.Next() {
		var one digest
		one.mix(at.Member(&s))
		one.mix(appendScore(nil, at.Score()))
		d.xor(one[:])
	}
}

// appendScore appends a score with 17 digits, as printf does with %.17g.
func appendScore(dst []byte, score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return append(dst, "inf"...)
	case math.IsInf(score, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, score, 'g', 17, 64)
}

// list adds the elements of a list in their order.
func (d *digest) list(a *mem.Arena, e object.Entry) {
	v := list.Of(a, e)
	var buf listpack.Scratch
	it := v.From(0, false)
	for ; it.Valid(); it.Next() {
		elem := it.Elem()
		d.mix(elem.Text(&buf))
	}
}

const errNoDigest = "ERR a value has a type that cannot be digested"

// debugDigest does DEBUG DIGEST: the digest of all data, zeros when there is none.
func debugDigest(c *command.Ctx) {
	var all digest
	ok := true
	for _, db := range c.Keys().DBs {
		if db.Len() == 0 {
			continue
		}
		all.number(uint32(db.ID))
		db.Each(func(e object.Entry) bool {
			var d digest
			d.mix(e.Key())
			ok = d.value(c.Keys().Arena, e) && ok
			all.xor(d[:])
			return ok
		})
	}
	if !ok {
		c.Out.Error(errNoDigest)
		return
	}
	c.Out.Status(all.text())
}

// debugDigestValue does DEBUG DIGEST-VALUE key [key ...]: the digest of each value, zeros for a key that is not there.
func debugDigestValue(c *command.Ctx) {
	c.Out.Array(len(c.Args) - 2)
	for _, key := range c.Args[2:] {
		var d digest
		if it := c.DB.Lookup(key, keyspace.NoTouch|keyspace.NoStats|keyspace.NoNotify); it.Exists() && !d.value(c.Keys().Arena, it.Entry) {
			c.Out.Error(errNoDigest)
			continue
		}
		c.Out.Status(d.text())
	}
}
