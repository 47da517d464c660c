package main

import (
	"fmt"
	"strconv"
	"time"

	"granary/tests/live"
)

// Requests are made without allocating, so that filling costs this side less than it costs the server.

// appendHead begins a request of n words.
func appendHead(dst []byte, n int) []byte {
	return append(strconv.AppendInt(append(dst, '*'), int64(n), 10), '\r', '\n')
}

// appendWord appends one word of a request.
func appendWord(dst []byte, s string) []byte {
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(s)), 10), '\r', '\n')
	return append(append(dst, s...), '\r', '\n')
}

// appendNumbered appends the word that begins with prefix and ends with number i: length bytes, zeros between.
func appendNumbered(dst []byte, prefix string, length, i int) []byte {
	dst = append(strconv.AppendInt(append(dst, '$'), int64(length), 10), '\r', '\n')
	return append(appendDigits(append(dst, prefix...), length-len(prefix), i), '\r', '\n')
}

// appendDigits appends a number of n digits, zeros before.
func appendDigits(dst []byte, n, i int) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(i), 10)
	if len(d) > n {
		panic(fmt.Sprintf("BUG: %d has more than %d digits", i, n))
	}
	for range n - len(d) {
		dst = append(dst, '0')
	}
	return append(dst, d...)
}

// appendInt appends a number as a word.
func appendInt(dst []byte, i int) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(i), 10)
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(d)), 10), '\r', '\n')
	return append(append(dst, d...), '\r', '\n')
}

// filler appends request number i of a series.
type filler func(dst []byte, i int) []byte

// fill sends n requests over one connection as fast as the server takes them. No reply may be an error.
func fill(s *live.Server, n int, request filler) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.Timeout = 2 * time.Minute
	sent := make(chan error, 1)
	go func() {
		const most = 1 << 16
		out := make([]byte, 0, 2*most)
		for i := range n {
			out = request(out, i)
			if len(out) < most && i != n-1 {
				continue
			}
			if _, err := c.Write(out); err != nil {
				sent <- err
				return
			}
			out = out[:0]
		}
		sent <- nil
	}()
	var reply []byte
	for range n {
		if reply, err = c.ReadRaw(reply[:0]); err != nil {
			return fmt.Errorf("filling %s: %w", s.Name, err)
		}
		if reply[0] == '-' {
			return fmt.Errorf("filling %s: %s", s.Name, reply)
		}
	}
	return <-sent
}

// collection is a kind of large value: request adds n elements, of which the first is number from, to key.
type collection struct {
	name    string
	per     int // elements added by one request
	request func(dst []byte, key string, from, n int) []byte
}

// from is c with elements that begin at number first.
func (c collection) from(first int) collection {
	request := c.request
	c.request = func(dst []byte, key string, from, n int) []byte { return request(dst, key, first+from, n) }
	return c
}

// fillCollection makes key hold n elements.
func fillCollection(s *live.Server, c collection, key string, n int) error {
	requests := (n + c.per - 1) / c.per
	return fill(s, requests, func(dst []byte, i int) []byte {
		from := i * c.per
		return c.request(dst, key, from, min(c.per, n-from))
	})
}

// onEach runs f on all servers at the same time.
func onEach(servers []*live.Server, f func(*live.Server) error) (err error) {
	ended := make(chan error)
	for _, s := range servers {
		go func() { ended <- f(s) }()
	}
	for range servers {
		if e := <-ended; e != nil {
			err = e
		}
	}
	return err
}

const variadic = 128 // elements of one request

// hashes holds fields of the prefix and a number, and values of a number.
func hashes(prefix string, fieldLen, valueLen int) collection {
	return collection{"hash", variadic, func(dst []byte, key string, from, n int) []byte {
		dst = appendWord(appendWord(appendHead(dst, 2+2*n), "HSET"), key)
		for i := from; i < from+n; i++ {
			dst = appendNumbered(appendNumbered(dst, prefix, fieldLen, i), "", valueLen, i)
		}
		return dst
	}}
}

func sets(prefix string, memberLen int) collection {
	return collection{"set", variadic, func(dst []byte, key string, from, n int) []byte {
		dst = appendWord(appendWord(appendHead(dst, 2+n), "SADD"), key)
		for i := from; i < from+n; i++ {
			dst = appendNumbered(dst, prefix, memberLen, i)
		}
		return dst
	}}
}

// zsets holds members with the scores that score gives.
func zsets(prefix string, memberLen int, score func(i int) int) collection {
	return collection{"zset", variadic, func(dst []byte, key string, from, n int) []byte {
		dst = appendWord(appendWord(appendHead(dst, 2+2*n), "ZADD"), key)
		for i := from; i < from+n; i++ {
			dst = appendNumbered(appendInt(dst, score(i)), prefix, memberLen, i)
		}
		return dst
	}}
}

func lists(prefix string, length int) collection {
	return collection{"list", variadic, func(dst []byte, key string, from, n int) []byte {
		dst = appendWord(appendWord(appendHead(dst, 2+n), "RPUSH"), key)
		for i := from; i < from+n; i++ {
			dst = appendNumbered(dst, prefix, length, i)
		}
		return dst
	}}
}

// same is a list of equal elements.
func same(element string) collection {
	return collection{"list", variadic, func(dst []byte, key string, _, n int) []byte {
		dst = appendWord(appendWord(appendHead(dst, 2+n), "RPUSH"), key)
		for range n {
			dst = appendWord(dst, element)
		}
		return dst
	}}
}

// streams holds entries of one field.
func streams() collection {
	return collection{"stream", 1, func(dst []byte, key string, from, n int) []byte {
		for i := from; i < from+n; i++ {
			dst = appendWord(appendWord(appendWord(appendHead(dst, 5), "XADD"), key), "*")
			dst = appendNumbered(appendWord(dst, "field"), "", 7, i)
		}
		return dst
	}}
}

// inOrder and scattered are scores: scattered(n) gives each of 0..n-1 once, in no order.
func inOrder(i int) int { return i }

func scattered(n int) func(i int) int {
	const prime = 15_485_863 // no factor of any n used here
	return func(i int) int { return i * prime % n }
}

// do sends one request on a connection of its own; an error reply is an error.
func do(s *live.Server, args ...string) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.Timeout = 2 * time.Minute
	r, err := c.Do(args...)
	if err == nil && r.Kind == '-' {
		err = fmt.Errorf("%s: %v: %s", s.Name, args, r.Str)
	}
	return err
}
