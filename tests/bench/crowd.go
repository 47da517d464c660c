package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"granary/tests/live"
)

// A crowd sends like redis-benchmark: crowdClients connections, each with crowdDepth requests at a time. They stay, so that the
// server's time for samples of a tenth of a second is that of its commands.
const (
	crowdClients = 50
	crowdDepth   = 16
	crowdGroups  = 10 // connections of a group take their turns together; so the server always has something to do
)

type crowd struct{ groups [crowdGroups][]*live.Conn }

func newCrowd(s *live.Server) (*crowd, error) {
	c := &crowd{}
	for i := range crowdClients {
		conn, err := s.Dial()
		if err != nil {
			c.close()
			return nil, err
		}
		c.groups[i%crowdGroups] = append(c.groups[i%crowdGroups], conn)
	}
	return c, nil
}

func (c *crowd) close() {
	for _, g := range c.groups {
		for _, conn := range g {
			conn.Close()
		}
	}
}

// send has each connection send and read so many turns of requests, each of which is to have the same reply. It returns how many it sent.
// request is called by several goroutines.
func (c *crowd) send(turns int, request filler, reply string) (n int, err error) {
	ended, want := make(chan error), strings.Repeat(reply, crowdDepth)
	for _, g := range c.groups {
		go func() { ended <- takeTurns(g, turns, request, want) }()
	}
	for range c.groups {
		if e := <-ended; e != nil {
			err = e
		}
	}
	return crowdClients * crowdDepth * turns, err
}

// takeTurns has the connections of a group send and read their turns. want are the replies of one turn of one connection.
func takeTurns(group []*live.Conn, turns int, request filler, want string) error {
	var out []byte
	in := make([]byte, len(want))
	for turn := range turns {
		for _, c := range group {
			out = out[:0]
			for i := range crowdDepth {
				out = request(out, turn*crowdDepth+i)
			}
			if _, err := c.Write(out); err != nil {
				return err
			}
		}
		for _, c := range group {
			if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				return err
			}
			if _, err := io.ReadFull(c, in); err != nil {
				return err
			}
			if string(in) != want {
				return fmt.Errorf("the replies are %q", in)
			}
		}
	}
	return nil
}
