package connection

import (
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/netloop"
)

// words splits a command at blanks; a dot stands for an empty argument.
func words(line string) []string {
	args := strings.Fields(line)
	for i := range args {
		if args[i] == "." {
			args[i] = ""
		}
	}
	return args
}

type checker struct{ *commandtest.Session }

func (c checker) is(line, want string) {
	c.T.Helper()
	c.Is(want, words(line)...)
}

func start(t *testing.T) checker { return checker{commandtest.New(t, Register)} }

func TestSmall(t *testing.T) {
	c := start(t)
	c.is("ping", "+PONG")
	c.is("ping a", "$1 a")
	c.is("ping a b", "-ERR wrong number of arguments for 'ping' command")
	c.is("echo a", "$1 a")
	c.is("quit", "+OK")
	c.is("quit a b", "+OK")
}

const hello2 = "[$6 server $5 redis $7 version $5 7.4.0 $5 proto :2 $2 id :1 $4 mode $10 standalone $4 role $6 master $7 modules []]"

func TestHello(t *testing.T) {
	c := start(t)
	c.is("hello", hello2)
	c.is("hello 2", hello2)
	c.is("hello 3", "{"+strings.Replace(hello2[1:len(hello2)-1], ":2", ":3", 1)+"}")
	c.is("client getname", "_")
	c.is("hello 2", hello2)
	c.is("hello 1", "-NOPROTO unsupported protocol version")
	c.is("hello x", "-ERR Protocol version is not an integer or out of range")
	c.is("hello 3 x", "-ERR Syntax error in HELLO option 'x'")
	c.is("hello 3 setname", "-ERR Syntax error in HELLO option 'setname'")
	c.is("hello 3 auth default", "-ERR Syntax error in HELLO option 'auth'")
	c.is("hello 3 auth nobody x", "-WRONGPASS invalid username-password pair or user is disabled.")
	c.Is("-ERR Client names cannot contain spaces, newlines or special characters.", "hello", "3", "setname", "a b")
	if c.Out.Proto != 2 {
		t.Error("a HELLO that failed changed the protocol")
	}
	c.is("hello 2 setname me auth default any", hello2)
	c.is("client getname", "$2 me")
}

func TestAuth(t *testing.T) {
	c := start(t)
	c.is("auth x", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	c.is("auth default x", "+OK")
	c.Env.ACL.Users.SetDefaultPassword("secret")
	c.is("reset", "+RESET")
	c.is("ping", "-NOAUTH Authentication required.")
	c.is("auth x", "-WRONGPASS invalid username-password pair or user is disabled.")
	c.is("auth default x", "-WRONGPASS invalid username-password pair or user is disabled.")
	c.is("auth nobody secret", "-WRONGPASS invalid username-password pair or user is disabled.")
	c.is("auth a b c", "-ERR syntax error")
	c.is("hello 3", "-"+errHelloAuth)
	c.is("ping", "-NOAUTH Authentication required.")
	c.is("auth secret", "+OK")
	c.is("ping", "+PONG")
	c.is("reset", "+RESET")
	c.is("hello 2 auth default secret", hello2)
	c.is("ping", "+PONG")
	if c.Env.Stats.DeniedAuth != 3 {
		t.Errorf("%d failures counted", c.Env.Stats.DeniedAuth)
	}
}

func TestReset(t *testing.T) {
	c := start(t)
	c.Client.Select(c.Env.Keys.DBs[3])
	c.is("client setname me", "+OK")
	c.is("client no-touch on", "+OK")
	c.is("client no-evict on", "+OK")
	c.Do("hello", "3")
	c.is("reset", "+RESET")
	if c.Client.DB.ID != 0 || c.Client.Name != "" || c.Client.Flags != 0 || c.Out.Proto != 2 {
		t.Errorf("after RESET: %s", c.Client.Describe())
	}
}

func TestClientOwn(t *testing.T) {
	c := start(t)
	c.is("client", "-ERR wrong number of arguments for 'client' command")
	c.is("client nosuch", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.")
	c.is("client id", ":1")
	c.is("client getname", "$-1")
	c.is("client setname me", "+OK")
	c.is("client getname", "$2 me")
	c.Is("-"+errBadName, "client", "setname", "a\nb")
	c.is("client setname .", "+OK")
	c.is("client getname", "$-1")
	c.is("client setinfo lib-name x", "+OK")
	c.is("client setinfo LIB-VER 1.2", "+OK")
	c.Is("-ERR lib-name cannot contain spaces, newlines or special characters.", "client", "setinfo", "lib-name", "a b")
	c.Is("-ERR LIB-Ver cannot contain spaces, newlines or special characters.", "client", "setinfo", "LIB-Ver", "a b")
	c.is("client setinfo nosuch x", "-ERR Unrecognized option 'nosuch'")
	c.is("client no-evict x", "-ERR syntax error")
	c.is("client no-touch x", "-ERR syntax error")
	c.is("client reply x", "-ERR syntax error")
	c.is("client reply on", "+OK")
	c.is("client unblock 7", ":0")
	c.is("client unblock x", "-ERR value is not an integer or out of range")
	c.is("client unblock 7 x", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	c.is("client unblock 7 error x", "-ERR unknown subcommand or wrong number of arguments for 'unblock'. Try CLIENT HELP.")
	c.is("client maint_notifications on", "-ERR unknown subcommand 'maint_notifications'. Try CLIENT HELP.")
	if got := c.Do("client", "help"); !strings.Contains(got, "UNPAUSE") {
		t.Errorf("CLIENT HELP: %q", got)
	}
	line := c.Do("client", "info")
	for _, want := range []string{" cmd=client|info ", " lib-name=x ", " lib-ver=1.2 ", " flags=N ", " db=0 ", " resp=2 ", " argv-mem=10 "} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %q", want, line)
		}
	}
}

func TestTrackingOff(t *testing.T) {
	c := start(t)
	c.is("client tracking off", "+OK")
	c.is("client tracking maybe", "-ERR syntax error")
	c.is("client tracking on nosuch", "-ERR syntax error")
	c.is("client tracking on redirect x", "-ERR value is not an integer or out of range")
	c.is("client caching yes", "-"+errCaching)
	c.is("client getredir", ":-1")
	c.is("client trackinginfo", "[$5 flags [$3 off] $8 redirect :-1 $8 prefixes []]")
	c.Do("hello", "3")
	c.is("client trackinginfo", "{$5 flags ~[$3 off] $8 redirect :-1 $8 prefixes []}")
}

func TestTrackingOn(t *testing.T) {
	c := start(t)
	line := func(want ...string) {
		t.Helper()
		got := c.Do("client", "info")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%q is not in %q", w, got)
			}
		}
	}
	line(" flags=N ", " redir=-1 ")
	c.is("client tracking on", "+OK")
	line(" flags=t ", " redir=0 ")
	if r := c.Env.Tracking(); r != (command.TrackingReport{Clients: 1}) || c.Env.Keys.Hooks.Modified == nil {
		t.Errorf("%+v", r)
	}
	c.is("client tracking off", "+OK")
	line(" flags=N ", " redir=-1 ")
	if r := c.Env.Tracking(); r != (command.TrackingReport{}) || c.Env.Keys.Hooks.Modified != nil {
		t.Errorf("%+v", r)
	}
	before := c.Client.Memory().Total
	c.is("client tracking on bcast prefix a prefix b", "+OK")
	line(" flags=tB ", " redir=0 ")
	if r := c.Env.Tracking(); r != (command.TrackingReport{Clients: 1, Prefixes: 2}) || c.Client.Memory().Total != before+64+48 { // two memberships, and the state
		t.Errorf("%+v, and the client holds %d bytes more", r, c.Client.Memory().Total-before)
	}
	c.is("reset", "+RESET")
	line(" flags=N ", " redir=-1 ")
}

func TestPause(t *testing.T) {
	c := start(t)
	c.is("client pause x", "-ERR timeout is not an integer or out of range")
	c.is("client pause -1", "-ERR timeout is negative")
	c.is("client pause 9223372036854775807", "-ERR timeout is not an integer or out of range")
	c.is("client pause 1 x", "-ERR CLIENT PAUSE mode must be WRITE or ALL")
	c.is("client pause 100 write", "+OK")
	if now, all := c.Env.Paused(); !now || all {
		t.Error("not paused for writes")
	}
	c.is("client unpause", "+OK")
	if now, _ := c.Env.Paused(); now || c.Env.Gate != 0 || !c.Env.Keys.ExpireOnAccess {
		t.Error("still paused")
	}
}

// TestList chooses clients by every filter, for CLIENT LIST and CLIENT KILL alike.
func TestList(t *testing.T) {
	c := start(t)
	c.Env.Clients.Add(c.Client)
	add := func(name string, age int64) int64 {
		x := command.NewClient(c.Env, c.Env.Clients.NextID(), new(netloop.Conn), c.Client.Out)
		x.Name = name
		x.Created -= age * 1000
		c.Env.Clients.Add(x)
		return x.ID
	}
	add("two", 0)
	add("three", 100)
	ids := func(line, want string) {
		t.Helper()
		c.Env.BeginTurn()
		got := ""
		for _, l := range strings.Split(c.Do(words(line)...), "\n") {
			if i := strings.Index(l, "id="); i >= 0 && strings.Contains(l, "addr=") {
				got += strings.Fields(l[i+3:])[0] + " "
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	ids("client list", "1 2 3 ")
	ids("client list id 1 3 9", "1 3 ")
	ids("client list id 3 id 2", "2 3 ")
	ids("client list id 1 2 type normal", "1 2 ")
	ids("client list type replica", "")
	ids("client list type pubsub", "")
	ids("client list user default", "1 2 3 ")
	ids("client list maxage 50", "3 ")
	ids("client list skipme yes", "2 3 ")
	ids("client list skipme no", "1 2 3 ")
	ids("client list addr 1.2.3.4:5", "")
	ids("client list laddr 1.2.3.4:5", "")
	for _, cmd := range []string{"client list ", "client kill "} {
		c.is(cmd+"id x y", "-ERR syntax error")
		c.is(cmd+"id 0 y", "-ERR client-id should be greater than 0")
		c.is(cmd+"id 1 nosuch", "-ERR syntax error")
		c.is(cmd+"type nosuch", "-ERR Unknown client type 'nosuch'")
		c.is(cmd+"user nosuch", "-ERR No such user 'nosuch'")
		c.is(cmd+"skipme maybe", "-ERR syntax error")
		c.is(cmd+"maxage x", "-ERR maxage is not an integer or out of range")
		c.is(cmd+"maxage 0", "-ERR maxage should be greater than 0")
	}
	c.is("client kill 1.2.3.4:5", "-ERR No such client")
	c.is("client kill id 9", ":0")
	c.is("client kill id 1", ":0") // itself is spared
	c.is("client kill id 2", ":1")
	c.is("client kill skipme yes", ":1")
	c.is("client kill skipme no", ":1")
	if len(c.Ops.Killed) != 3 || c.Env.Clients.Len() != 0 {
		t.Errorf("killed %v", c.Ops.Killed)
	}
}
