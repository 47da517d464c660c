// Package streams holds the commands on streams.
//
//	add.go       XADD
//	trim.go      XTRIM, and the trimming options that it shares with XADD
//	range.go     XRANGE, XREVRANGE, XLEN; entries in replies
//	change.go    XDEL, XSETID
//	read.go      XREAD, XREADGROUP: what is read, and from where
//	deliver.go   delivering entries to a consumer
//	group.go     XGROUP
//	pending.go   XACK, XPENDING
//	claim.go     XCLAIM, XAUTOCLAIM
//	info.go      XINFO
//	effects.go   what replicas and the append-only file are told of deliveries
//	spec_*.go    the declarations
//
// The stream itself is package encoding/stream, and around it package types/stream.
package streams

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/stream"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(
		specXAck, specXAdd, specXAutoClaim, specXClaim, specXDel, specXGroup, specXInfo, specXLen, specXPending, specXRange,
		specXRead, specXReadGroup, specXRevRange, specXSetID, specXTrim,
	)
}

const (
	errInvalidID  = "ERR Invalid stream ID specified as stream command argument"
	errStart      = "ERR invalid start ID for the interval"
	errEnd        = "ERR invalid end ID for the interval"
	errNoKeyGroup = "NOGROUP No such key '%s' or consumer group '%s'"
)

// isStream reports whether an item that exists is a stream, and answers an error when it is not.
func isStream(c *command.Ctx, it *keyspace.Item) bool { return c.IsType(it, object.Stream) }

// strictID reads an ID whose sequence number may be missing, or answers an error.
func strictID(c *command.Ctx, text []byte, missing uint64) (stream.ID, bool) {
	id, ok := stream.ParseStrict(text, missing)
	if !ok {
		c.Out.Error(errInvalidID)
	}
	return id, ok
}

// interval reads both ends of a range, or answers an error.
func interval(c *command.Ctx, start, end []byte) (from, to stream.ID, ok bool) {
	if from, ok = startOf(c, start); !ok {
		return from, to, false
	}
	to, exclusive, ok := stream.ParseBound(end, stream.MaxID.Seq)
	if !ok {
		c.Out.Error(errInvalidID)
		return from, to, false
	}
	if exclusive {
		if to, ok = to.Prev(); !ok {
			c.Out.Error(errEnd)
		}
	}
	return from, to, ok
}

// startOf reads the start of a range, or answers an error.
func startOf(c *command.Ctx, text []byte) (from stream.ID, ok bool) {
	from, exclusive, ok := stream.ParseBound(text, 0)
	if !ok {
		c.Out.Error(errInvalidID)
		return from, false
	}
	if exclusive {
		if from, ok = from.Next(); !ok {
			c.Out.Error(errStart)
		}
	}
	return from, ok
}

// replyID answers an ID.
func replyID(out *resp.Writer, id stream.ID) {
	var buf [stream.IDLen]byte
	out.Bulk(stream.AppendID(buf[:0], id))
}

// changed tells that the entries of a stream changed by n.
func changed(c *command.Ctx, key []byte, event string, n int) {
	c.Keys().Modified(c.DB.ID, key)
	noted(c, key, event, n)
}

// noted tells of a change of something about a stream that does not touch its entries: its groups, its last ID. To those
// who watch the key it is the same as before.
func noted(c *command.Ctx, key []byte, event string, n int) {
	ks := c.Keys()
	c.DB.Settle(key)
	ks.Stats.Dirty += int64(n)
	ks.Notify(keyspace.Stream, event, key, c.DB.ID)
}
