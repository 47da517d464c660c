// Package rdb reads and writes RDB, the format of Redis's snapshots, of what DUMP answers, of the base of an append-only file
// and of a full synchronisation. It knows values and bytes; files, sockets and when to save are its callers' business.
//
// # The format
//
// A file is a header, a sequence of records that each begin with a byte, and an end:
//
//	"REDIS" | version, 4 digits | record ... | 255 | CRC-64, 8 bytes (0: not computed)
//
//	0..25          a key: | type | key: string | value |
//	244            sizes of a cluster slot: three lengths
//	245            functions: the code of a library, a string
//	247            data of a module
//	248, 249       idle time (length) or frequency (byte) of the next key
//	250            an auxiliary field: two strings
//	251            sizes of the database: keys, keys with an expiry
//	252, 253       expiry of the next key, in ms (8 bytes) or s (4 bytes)
//	254            the database of what follows: length
//
// Numbers of several bytes are little endian, but for the two long forms of a length:
//
//	| 00 n:6 |                        n
//	| 01 n:6 | n:8 |                  n, 14 bits, high bits first
//	| 10000000 | n:32 | , | 10000001 | n:64 |     big endian
//	| 11 e:6 |                        not a length, but a string in encoding e
//
// A string is a length and its bytes, or
//
//	| 11000000 | 1 byte | , | 11000001 | 2 bytes | , | 11000010 | 4 bytes |     the decimal digits of a signed integer
//	| 11000011 | compressed: length | length | LZF |
//
// What DUMP answers is | type | value | version: 2 bytes | CRC-64 of all before |.
//
//	out.go     Encoder: bytes out, a block at a time
//	write.go   Value: a value out, in steps
//	in.go      Decoder: bytes in, from memory or from a file
//	read.go    a value in; read_stream.go, read_old.go: streams, and the types of old versions
//	file.go    header, records and end of a file
//	dump.go    the payload of DUMP and RESTORE
//
// Nothing that is read is trusted: lengths are held against what there is before memory is taken, every listpack is
// validated, and an element that is there twice is an error.
package rdb

import (
	"errors"
	"fmt"
	"hash/crc64"

	"granary/internal/config"
	"granary/internal/object"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/zset"
)

// Versions of the format.
const (
	// Version is what is written, unless the data need more: what Redis 7.0 writes and all later ones read.
	Version = 10

	// versionActive is the first in which the active-time of consumers has a place.
	versionActive = 11

	// VersionFields is what is written when there are hash fields that expire: Redis 7.4 and later.
	VersionFields = 12

	// MaxVersion is the last version of Redis that is read.
	MaxVersion = 12

	// ValkeyFirst and ValkeyLast are the versions of Valkey that differ from Redis's, and are read.
	ValkeyFirst, ValkeyLast = 80, 80
)

// Type is the type byte of a value.
type Type byte

// The types of values.
const (
	TypeString              Type = 0
	TypeList                Type = 1 // until 2.4
	TypeSet                 Type = 2
	TypeZSet                Type = 3 // until 3.2: scores as text
	TypeHash                Type = 4
	TypeZSet2               Type = 5
	TypeModule              Type = 6
	TypeModule2             Type = 7
	TypeHashZipmap          Type = 9  // until 2.4
	TypeListZiplist         Type = 10 // until 3.0
	TypeSetIntset           Type = 11
	TypeZSetZiplist         Type = 12 // until 6.2
	TypeHashZiplist         Type = 13 // until 6.2
	TypeListQuicklist       Type = 14 // until 6.2: nodes are ziplists
	TypeStream              Type = 15 // until 6.2
	TypeHashListpack        Type = 16
	TypeZSetListpack        Type = 17
	TypeListQuicklist2      Type = 18
	TypeStream2             Type = 19 // since 7.0
	TypeSetListpack         Type = 20 // since 7.2
	TypeStream3             Type = 21 // since 7.2
	TypeHashFieldsDraft     Type = 22 // before 7.4 was released; in Valkey 9 hashes with fields that expire
	TypeHashListpackExDraft Type = 23 // before 7.4 was released
	TypeHashFields          Type = 24 // since 7.4
	TypeHashListpackEx      Type = 25 // since 7.4
)

// Encodings of strings, the low six bits of a byte whose high bits are set.
const (
	encInt8  = 0
	encInt16 = 1
	encInt32 = 2
	encLZF   = 3
)

// Nodes of a list.
const (
	nodePlain  = 1
	nodePacked = 2
)

// Errors of what is read. A *CorruptError is any other: it says what is wrong and where.
var (
	// ErrShort says that there is less than there should be: the file was cut.
	ErrShort = errors.New("unexpected end")

	// ErrEmpty says that a value has no elements. Old versions wrote such keys; a file may have them, and they are left out.
	ErrEmpty = errors.New("empty value")

	// ErrModule says that a value is of a module.
	ErrModule = errors.New("the value is of a module, and modules are not supported")
)

// CorruptError says what is wrong with something that was read.
type CorruptError struct {
	Offset int64 // from the beginning of the file or payload
	What   string
}

// Error names the fault and the place.
func (e *CorruptError) Error() string { return fmt.Sprintf("%s at offset %d", e.What, e.Offset) }

// Limits say in which encoding what is read is stored.
type Limits struct {
	String object.StringLimits
	Hash   hash.Limits
	List   list.Limits
	Set    set.Limits
	ZSet   zset.Limits
	Stream stream.Limits
}

// LimitsOf returns the limits of a configuration; strings have those of the keyspace.
func LimitsOf(c *config.Config, strings object.StringLimits) Limits {
	return Limits{strings, hash.LimitsOf(c), list.LimitsOf(c), set.LimitsOf(c), zset.LimitsOf(c), stream.LimitsOf(c)}
}

// crcTable is that of Jones's polynomial, bits reflected.
var crcTable = crc64.MakeTable(0x95ac9329ac4bc9b5)

// CRC adds bytes to a checksum that begins with 0. The library inverts before and after, which this checksum does not.
func CRC(crc uint64, b []byte) uint64 { return ^crc64.Update(^crc, crcTable, b) }
