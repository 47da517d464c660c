package script

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// variant is one way to replay a file. Replies must not depend on it.
type variant struct {
	name      string
	proto     int
	split     bool // requests arrive a few bytes at a time
	pipelined bool // commands of one connection go out together
}

// player replays blocks on one server.
type player struct {
	server  *live.Server
	start   func() *live.Server // a new server, since a block that failed may leave anything behind
	granary bool
	variant variant
	conns   map[string]*live.Conn
}

// play runs a block. With rewrite it stores the replies instead of checking them.
func (p *player) play(b *block, rewrite bool) error {
	if p.server == nil {
		p.server = p.start()
	}
	err := p.playBlock(b, rewrite)
	if err != nil {
		if !p.server.Alive() {
			err = fmt.Errorf("%w\nthe server died:\n%s", err, p.server.Log())
		}
		p.server.Stop()
		p.server = nil
	}
	return err
}

func (p *player) playBlock(b *block, rewrite bool) error {
	p.conns = map[string]*live.Conn{}
	defer func() {
		for _, c := range p.conns {
			c.Close()
		}
	}()
	admin, err := p.conn(" admin")
	if err != nil {
		return err
	}
	if r, err := admin.Do("FLUSHALL"); err != nil || r.Kind == '-' {
		return fmt.Errorf("FLUSHALL: %s %v", r.Str, err)
	}
	if p.variant.pipelined && !rewrite {
		return p.playPipelined(b)
	}
	for _, s := range b.steps {
		time.Sleep(s.sleep)
		if err := p.send(s); err != nil {
			return fmt.Errorf("line %d: > %s: %w", s.line, s.text, err)
		}
		if err := p.receive(s, rewrite); err != nil {
			return err
		}
	}
	return nil
}

// playPipelined sends runs of plain steps on one connection in one write.
func (p *player) playPipelined(b *block) error {
	for from := 0; from < len(b.steps); {
		to := from + 1
		for to < len(b.steps) && b.steps[to].conn == b.steps[from].conn && b.steps[to].plain() && b.steps[from].plain() {
			to++
		}
		time.Sleep(b.steps[from].sleep)
		c, err := p.conn(b.steps[from].conn)
		if err != nil {
			return err
		}
		if to == from+1 {
			err = p.send(b.steps[from])
		} else {
			var out []byte
			for _, s := range b.steps[from:to] {
				out = live.AppendCommand(out, s.args...)
			}
			go c.Write(out)
		}
		if err != nil {
			return err
		}
		for _, s := range b.steps[from:to] {
			if err := p.receive(s, false); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

func (s *step) plain() bool { return s.sleep == 0 && s.mode != raw && s.mode != closed }

func (p *player) conn(name string) (*live.Conn, error) {
	if c := p.conns[name]; c != nil {
		return c, nil
	}
	c, err := p.server.Dial()
	if err != nil {
		return nil, err
	}
	p.conns[name] = c
	if p.variant.proto == 3 {
		// A block may ask for a password: its later connections begin in RESP2.
		if r, err := c.Do("HELLO", "3"); err != nil || r.Kind == '-' && !strings.HasPrefix(r.Str, "NOAUTH") {
			return nil, fmt.Errorf("HELLO 3: %s %v", r.Str, err)
		}
	}
	return c, nil
}

func (p *player) send(s *step) error {
	c, err := p.conn(s.conn)
	if err != nil {
		return err
	}
	var out []byte
	if s.mode == raw || s.mode == closed {
		out = []byte(s.args[0])
	} else {
		out = live.AppendCommand(nil, s.args...)
	}
	if !p.variant.split {
		_, err = c.Write(out)
		return err
	}
	// Byte by byte where the framing is, in odd pieces behind it.
	for piece := 1; len(out) > 0; {
		n := min(piece, len(out))
		if _, err := c.Write(out[:n]); err != nil {
			if s.mode == closed {
				return nil // closed before the last piece; what was answered is still to be read
			}
			return err
		}
		if out = out[n:]; len(out) > 0 && len(out)%7 == 0 {
			time.Sleep(50 * time.Microsecond) // let the server see the pieces apart
		}
		if len(out) > 200 {
			piece = 1021
		}
	}
	return nil
}

// receive reads the reply of s and checks it, or stores it.
func (p *player) receive(s *step, rewrite bool) error {
	c := p.conns[s.conn]
	got, reply, err := p.read(c, s)
	if err != nil {
		return fmt.Errorf("line %d: > %s: %w", s.line, s.text, err)
	}
	if s.mode == closed {
		c.Close()
		delete(p.conns, s.conn)
	}
	if rewrite {
		if p.variant.proto == 3 {
			s.want3 = got
			if s.matches(s.want, got, reply) {
				s.want3 = ""
			}
		} else {
			s.want = got
		}
		return nil
	}
	want := s.want
	if p.variant.proto == 3 && s.want3 != "" {
		want = s.want3
	}
	if p.granary && s.granary != "" {
		want = s.granary
	}
	if !s.matches(want, got, reply) {
		return fmt.Errorf("line %d: > %s\nwant: %sgot:  %s", s.line, s.text, want, got)
	}
	return nil
}

func (p *player) read(c *live.Conn, s *step) (text string, reply live.Reply, err error) {
	if s.mode == closed {
		for {
			b, err := c.ReadRaw(nil)
			if errors.Is(err, io.EOF) || err != nil && strings.Contains(err.Error(), "reset by peer") {
				return text + "closed\n", reply, nil
			}
			if err != nil {
				return text, reply, err
			}
			if reply, err = live.Parse(b); err != nil {
				return text, reply, err
			}
			text += reply.String()
		}
	}
	b, err := c.ReadRaw(nil)
	if err != nil {
		return "", reply, err
	}
	if reply, err = live.Parse(b); err != nil {
		return "", reply, err
	}
	if s.mode == sorted {
		reply = reply.Sorted()
	}
	return reply.String(), reply, nil
}

func (s *step) matches(want, got string, reply live.Reply) bool {
	switch s.mode {
	case anyReply:
		return len(want) > 0 && len(got) > 0 && want[0] == got[0]
	case near:
		if reply.Kind != ':' || len(want) < 2 || want[0] != ':' {
			return want == got
		}
		w, _ := strconv.ParseInt(strings.TrimSpace(want[1:]), 10, 64)
		g, _ := strconv.ParseInt(reply.Str, 10, 64)
		return w-g <= s.near && g-w <= s.near
	}
	return want == got
}
