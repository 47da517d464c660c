package live

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Mixed fills a server with data of all types and sizes, and churns it. Its history follows from the seed.
type Mixed struct {
	c    *Conn
	rng  *rand.Rand
	keys int // mix:0 ... mix:keys-1 were written; some of them are gone
	text string

	batch []byte
	n     int // commands in batch
}

// mixedBatch is how many commands are sent before their replies are read.
const mixedBatch = 400

// NewMixed returns a history that goes over a connection.
func NewMixed(c *Conn, seed uint64) *Mixed {
	m := &Mixed{c: c, rng: rand.New(rand.NewPCG(seed, 1))}
	var b strings.Builder
	for b.Len() < 300<<10 {
		fmt.Fprintf(&b, "%x.", m.rng.Uint64())
	}
	m.text = b.String()
	return m
}

// Fill writes new keys until the server uses so many bytes.
func (m *Mixed) Fill(used int64) error {
	for {
		for range 2 * mixedBatch {
			if err := m.write(m.keys); err != nil {
				return err
			}
			m.keys++
		}
		if err := m.Flush(); err != nil {
			return err
		}
		now, err := ReadMemory(m.c)
		if err != nil || now.Used >= used {
			return err
		}
	}
}

// Overwrite replaces a share of the keys with values of other sizes and types.
func (m *Mixed) Overwrite(share float64) error {
	for range int(float64(m.keys) * share) {
		i := m.rng.IntN(m.keys)
		if err := m.send("DEL", key(i)); err != nil {
			return err
		}
		if err := m.write(i); err != nil {
			return err
		}
	}
	return m.Flush()
}

// Delete removes a share of the keys.
func (m *Mixed) Delete(share float64) error {
	for i := range m.keys {
		if m.rng.Float64() < share {
			if err := m.send("DEL", key(i)); err != nil {
				return err
			}
		}
	}
	return m.Flush()
}

// Flush waits for all replies.
func (m *Mixed) Flush() error {
	if _, err := m.c.Write(m.batch); err != nil {
		return err
	}
	for ; m.n > 0; m.n-- {
		raw, err := m.c.ReadRaw(nil)
		if err != nil {
			return err
		}
		if raw[0] == '-' {
			return fmt.Errorf("the server says %.200s", raw)
		}
	}
	m.batch = m.batch[:0]
	return nil
}

func (m *Mixed) send(args ...string) error {
	m.batch = AppendCommand(m.batch, args...)
	if m.n++; m.n < mixedBatch {
		return nil
	}
	return m.Flush()
}

func key(i int) string { return "mix:" + strconv.Itoa(i) }

// some returns from lo to hi bytes of text.
func (m *Mixed) some(lo, hi int) string {
	n := lo + m.rng.IntN(hi-lo+1)
	at := m.rng.IntN(len(m.text) - n)
	return m.text[at : at+n]
}

// write gives key i a value: most are small, most bytes are in few large ones.
func (m *Mixed) write(i int) error {
	k := key(i)
	many := func(command string, n, width int, one func(args []string) []string) error {
		args := make([]string, 0, 2+n*width)
		args = append(args, command, k)
		for range n {
			args = one(args)
		}
		return m.send(args...)
	}
	short := func() string { return m.some(3, 24) }
	number := func() string { return strconv.Itoa(m.rng.IntN(1e6)) }
	count := 1 + m.rng.IntN(20)
	if m.rng.IntN(100) == 0 {
		count = 200 + m.rng.IntN(3000) // the large encodings
	}
	switch m.rng.IntN(12) {
	case 0, 1, 2:
		return m.send("SET", k, m.some(1, 100))
	case 3:
		return m.send("SET", k, number(), "EX", strconv.Itoa(1000+m.rng.IntN(100_000)))
	case 4:
		return m.send("SET", k, m.some(100, 4000))
	case 5:
		if m.rng.IntN(20) == 0 {
			return m.send("SET", k, m.some(20_000, 250_000))
		}
		return m.send("APPEND", k, m.some(10, 2000))
	case 6:
		return many("HSET", count, 2, func(a []string) []string { return append(a, short(), m.some(1, 80)) })
	case 7:
		return many("RPUSH", count, 1, func(a []string) []string { return append(a, m.some(1, 200)) })
	case 8:
		return many("SADD", count, 1, func(a []string) []string { return append(a, number()) })
	case 9:
		return many("SADD", count, 1, func(a []string) []string { return append(a, short()) })
	case 10:
		return many("ZADD", count, 2, func(a []string) []string { return append(a, number(), short()) })
	}
	for range min(count, 100) {
		if err := m.send("XADD", k, "*", "field", m.some(1, 100)); err != nil {
			return err
		}
	}
	return nil
}
