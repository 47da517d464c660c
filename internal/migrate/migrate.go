// Package migrate talks to the server that keys move to (MIGRATE): it sends requests, reads a reply of one line for each, and
// keeps connections for those who come soon. It knows no keyspace and no lock: what it sends is given to it in parts of bytes.
//
//	to:     AUTH user password | SELECT db |            | RESTORE | RESTORE | ...
//	back:                                  | +OK | +OK  |                         | +OK | -BUSYKEY Target key name already exists. | ...
//
// AUTH and SELECT are left out where they are not needed. If one of them is refused nothing else is sent, so that no key gets into
// another database than was asked for.
package migrate

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// maxIdle is how many connections are kept at most, and idleTime how long, as in Redis.
	maxIdle  = 64
	idleTime = 10 * time.Second

	chunk   = 64 << 10 // bytes written at once, each in the time that may pass
	maxLine = 64 << 10 // of a reply; more is no reply
)

// What may fail. Their texts are those of Redis.
var (
	ErrConnecting = errors.New("IOERR error or timeout connecting to the client")
	ErrWriting    = errors.New("IOERR error or timeout writing to target instance")
	ErrReading    = errors.New("IOERR error or timeout reading to target instance")
)

// Target is where to send.
type Target struct {
	Host, Port     string
	Auth           bool
	User, Password string // User may be ""
	DB             string // an integer
}

// Limit bounds the time that all of it takes.
type Limit struct {
	Idle  time.Duration // without progress: for connecting, for 64 KiB to be taken, for each reply
	Until time.Time     // for everything, zero: no bound
}

// deadline returns when what begins now has to be done.
func (l Limit) deadline() time.Time {
	d := time.Now().Add(l.Idle)
	if !l.Until.IsZero() && l.Until.Before(d) {
		return l.Until
	}
	return d
}

// Item is a request that is sent, in parts.
type Item interface {
	Parts(fn func(part []byte))
}

// Result is what came of it.
type Result struct {
	Acked   []bool // for each item, whether the target has it
	Refused string // the first error that the target answered, without its dash; "": none
	Err     error  // the connection failed; nil: all replies were read
}

// Pool keeps connections that nobody uses. The zero value is ready for use, by several goroutines.
type Pool struct {
	mu   sync.Mutex
	idle map[Target][]*link // DB is "" in the key
	n    int
}

// link is a connection.
type link struct {
	nc    net.Conn
	r     *bufio.Reader
	key   Target
	db    string // that is selected, "": not known
	timer *time.Timer
}

// Idle returns the number of connections that are kept.
func (p *Pool) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// Close ends the connections that are kept.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.idle {
		for _, l := range list {
			l.timer.Stop()
			l.nc.Close()
		}
	}
	p.idle, p.n = nil, 0
}

// take returns a connection that is kept, nil if there is none. Who names other users, or none, gets another connection.
func (p *Pool) take(key Target) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	if len(list) == 0 {
		return nil
	}
	l := list[len(list)-1]
	l.timer.Stop()
	p.forget(l)
	return l
}

// put keeps a connection for a while.
func (p *Pool) put(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == maxIdle {
		p.dropAny()
	}
	if p.idle == nil {
		p.idle = map[Target][]*link{}
	}
	p.idle[l.key] = append(p.idle[l.key], l)
	p.n++
	l.timer = time.AfterFunc(idleTime, func() { p.expire(l) })
}

// expire ends a connection that nobody wanted, if it is still kept.
func (p *Pool) expire(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forget(l) {
		l.nc.Close()
	}
}

// dropAny ends one of those that are kept. REQUIRES: p.mu, and there is one.
func (p *Pool) dropAny() {
	i := rand.IntN(p.n)
	for _, list := range p.idle {
		if i < len(list) {
			l := list[i]
			l.timer.Stop()
			p.forget(l)
			l.nc.Close()
			return
		}
		i -= len(list)
	}
}

// forget takes a connection out. REQUIRES: p.mu.
func (p *Pool) forget(l *link) bool {
	list := p.idle[l.key]
	for i, x := range list {
		if x == l {
			list[i] = list[len(list)-1]
			if p.idle[l.key] = list[:len(list)-1]; len(list) == 1 {
				delete(p.idle, l.key)
			}
			p.n--
			return true
		}
	}
	return false
}

// Move sends items and reads what is answered. It returns when all is answered, or when the connection fails or the time is
// over. A connection that fails before anything was answered is tried once more, as the target may have closed one that was
// kept; not if the time was over.
func (p *Pool) Move(to Target, items []Item, limit Limit) (res Result) {
	for again := true; ; again = false {
		l, err := p.connect(to, limit)
		if err != nil {
			res = Result{Acked: make([]bool, len(items)), Err: ErrConnecting}
			if errors.Is(err, syscall.ECONNREFUSED) { // Redis finds out when it writes
				res.Err = ErrWriting
			}
			return res
		}
		answered := false
		if res, answered, err = l.talk(to, items, limit); err == nil {
			p.put(l)
			return res
		}
		l.nc.Close()
		var ne net.Error
		if !again || answered || errors.As(err, &ne) && ne.Timeout() {
			return res
		}
	}
}

// connect returns a connection that is kept, or a new one.
func (p *Pool) connect(to Target, limit Limit) (*link, error) {
	key := to
	key.DB = ""
	if l := p.take(key); l != nil {
		return l, nil
	}
	d := net.Dialer{Deadline: limit.deadline()}
	nc, err := d.Dial("tcp", net.JoinHostPort(to.Host, to.Port))
	if err != nil {
		return nil, err
	}
	return &link{nc: nc, r: bufio.NewReaderSize(nc, 4096), key: key}, nil
}

// talk sends everything and then reads the replies. answered tells whether there was one to an item. err is why the connection
// cannot be used again.
func (l *link) talk(to Target, items []Item, limit Limit) (res Result, answered bool, err error) {
	res.Acked = make([]bool, len(items))
	w := writer{nc: l.nc, limit: limit}
	lead := 0
	if to.Auth {
		words := []string{"AUTH", to.User, to.Password}
		if to.User == "" {
			words = []string{"AUTH", to.Password}
		}
		w.request(words...)
		lead++
	}
	if l.db != to.DB {
		w.request("SELECT", to.DB)
		lead++
	}
	w.flush()
	for range lead {
		if err := l.reply(&w, &res, nil); err != nil {
			return res, false, err
		}
	}
	if res.Refused != "" {
		l.db = ""
		return res, false, nil
	}
	l.db = to.DB
	for _, item := range items {
		item.Parts(w.write)
	}
	w.flush()
	for i := range items {
		if err := l.reply(&w, &res, &res.Acked[i]); err != nil {
			return res, i > 0, err
		}
	}
	return res, true, nil
}

// reply reads a reply to what was written, and notes whether it is a status.
func (l *link) reply(w *writer, res *Result, ok *bool) error {
	if w.err != nil {
		res.Err = ErrWriting
		return w.err
	}
	line, status, err := l.line(w.limit)
	switch {
	case err != nil && res.Refused == "":
		res.Err = ErrReading
	case err == nil && !status && res.Refused == "":
		res.Refused = line
	}
	if ok != nil {
		*ok = status
	}
	return err
}

var errRubbish = errors.New("no reply to a request of one status")

// line reads a reply: ok for a status, else line is the error.
func (l *link) line(limit Limit) (line string, ok bool, err error) {
	l.nc.SetReadDeadline(limit.deadline())
	var b []byte
	for {
		part, err := l.r.ReadSlice('\n')
		b = append(b, part...)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return "", false, err
		}
		if len(b) > maxLine {
			return "", false, errRubbish
		}
	}
	n := len(b) - 1
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	switch {
	case n > 0 && b[0] == '+':
		return "", true, nil
	case n > 0 && b[0] == '-':
		return string(b[1:min(n, 1024)]), false, nil
	}
	return "", false, errRubbish
}

// writer sends bytes in pieces of at most chunk, each of which has to be taken in time.
type writer struct {
	nc    net.Conn
	limit Limit
	buf   []byte
	err   error
}

func (w *writer) request(words ...string) {
	b := append([]byte{'*'}, strconv.Itoa(len(words))...)
	for _, word := range words {
		b = append(b, "\r\n$"...)
		b = strconv.AppendInt(b, int64(len(word)), 10)
		b = append(append(b, "\r\n"...), word...)
	}
	w.write(append(b, "\r\n"...))
}

// write adds a part to what is sent. Large ones are not copied.
func (w *writer) write(part []byte) {
	if len(w.buf)+len(part) > chunk {
		w.flush()
		for ; len(part) >= chunk; part = part[chunk:] {
			w.send(part[:chunk])
		}
	}
	w.buf = append(w.buf, part...)
}

func (w *writer) flush() {
	w.send(w.buf)
	w.buf = w.buf[:0]
}

func (w *writer) send(b []byte) {
	if w.err != nil || len(b) == 0 {
		return
	}
	w.nc.SetWriteDeadline(w.limit.deadline())
	if n, err := w.nc.Write(b); err != nil {
		w.err = err
	} else if n < len(b) {
		w.err = io.ErrShortWrite
	}
}
