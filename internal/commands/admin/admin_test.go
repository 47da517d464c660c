package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
)

type checker struct{ *commandtest.Session }

func (c checker) is(line, want string) {
	c.T.Helper()
	c.Is(want, strings.Fields(line)...)
}

// has fails the test unless the raw reply matches a pattern.
func (c checker) has(line, pattern string) {
	c.T.Helper()
	if got := c.Do(strings.Fields(line)...); !regexp.MustCompile(pattern).MatchString(got) {
		c.T.Errorf("%s: %q does not match %q", line, got, pattern)
	}
}

func start(t *testing.T) checker {
	c := checker{commandtest.New(t, Register)}
	c.Env.Config.EnableDebugCommand = 1
	for !c.Env.Config.EnableDebugCommand.Allows(true) {
		c.Env.Config.EnableDebugCommand++
	}
	return c
}

func TestConfig(t *testing.T) {
	c := start(t)
	c.is("config", "-ERR wrong number of arguments for 'config' command")
	c.is("config get maxmemory", "[$9 maxmemory $1 0]")
	c.is("config set maxmemory 100mb", "+OK")
	c.is("config get maxmem?ry MAXMEMORY", "[$9 maxmemory $9 104857600]")
	c.is("config set maxmemory", "-ERR wrong number of arguments for 'config|set' command")
	c.is("config set maxmemory 1 timeout", "-ERR syntax error")
	c.is("config set nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'")
	c.is("config set maxmemory 1 timeout x", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer")
	c.is("config get maxmemory", "[$9 maxmemory $9 104857600]")
	c.Do("hello", "3")
	c.Proto(3)
	c.is("config get maxmemory", "{$9 maxmemory $9 104857600}")
	c.Proto(2)
	c.is("config rewrite", "-ERR The server is running without a config file")
	c.Env.Config.File = filepath.Join(t.TempDir(), "granary.conf")
	c.is("config rewrite", "+OK")
	text, err := os.ReadFile(c.Env.Config.File)
	if err != nil || !strings.Contains(string(text), "maxmemory 100mb") {
		t.Errorf("the file is %q, %v", text, err)
	}
	c.Env.Config.File = filepath.Join(t.TempDir(), "no", "such", "folder", "granary.conf")
	c.has("config rewrite", "^-ERR Rewriting config file: ")
	c.has("config help", "RESETSTAT")
}

func TestResetStat(t *testing.T) {
	c := start(t)
	c.Env.Keys.Stats.Dirty = 7
	c.is("time x", "-ERR wrong number of arguments for 'time' command")
	c.has("info stats", "total_commands_processed:0\r\n")
	c.has("info stats", "total_error_replies:1\r\n")
	c.has("info commandstats", `cmdstat_time:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n`)
	c.has("info errorstats", "errorstat_ERR:count=1\r\n")
	c.has("info latencystats", `latency_percentiles_usec_info:p50=[0-9.]+,p99=[0-9.]+,p99.9=[0-9.]+\r\n`)
	c.is("config resetstat", "+OK")
	c.has("info commandstats", `^\$\d+\r\n# Commandstats\r\ncmdstat_config\|resetstat:calls=1,[^\r]*\r\n\r\n$`)
	c.has("info errorstats", `# Errorstats\r\n\r\n$`)
	if c.Env.Keys.Stats.Dirty != 7 {
		t.Error("RESETSTAT forgot the changes since the last save")
	}
}

func TestSlowlog(t *testing.T) {
	c := start(t)
	c.is("slowlog len", ":0")
	c.is("slowlog get", "[]")
	c.Env.Config.SlowlogLogSlowerThan = 0
	c.Env.Stats.Configure(c.Env.Config)
	c.is("config set requirepass .", "+OK")
	c.Client.Name = "me"
	c.is("slowlog len", ":1")
	c.Env.Config.SlowlogLogSlowerThan = -1
	c.Env.Stats.Configure(c.Env.Config)
	c.has("slowlog get", `^\*2\r\n\*6\r\n:1\r\n:\d+\r\n:\d+\r\n\*2\r\n\$7\r\nslowlog\r\n\$3\r\nlen\r\n\$0\r\n\r\n\$2\r\nme\r\n\*6\r\n:0\r\n`)
	c.has("slowlog get", `config\r\n\$3\r\nset\r\n\$11\r\nrequirepass\r\n\$10\r\n\(redacted\)\r\n`)
	c.has("slowlog get 1", `^\*1\r\n`)
	c.has("slowlog get -1", `^\*2\r\n`)
	c.has("slowlog get 0", `^\*0\r\n`)
	c.is("slowlog get -2", "-ERR count should be greater than or equal to -1")
	c.is("slowlog get x", "-ERR count should be greater than or equal to -1")
	c.is("slowlog get 1 2", "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.")
	c.is("slowlog reset", "+OK")
	c.is("slowlog len", ":0")
	c.has("slowlog help", "LEN")
}

func TestLatency(t *testing.T) {
	c := start(t)
	c.is("latency latest", "[]")
	c.is("latency history x", "[]")
	c.is("latency reset x", ":0")
	c.is("latency graph x", "-ERR No samples available for event 'x'")
	c.has("latency doctor", "monitor is off")
	c.is("config set latency-monitor-threshold 1", "+OK")
	c.Env.Stats.Configure(c.Env.Config)
	c.has("latency doctor", "Nothing took 1 ms or longer")
	c.is("debug sleep 0.003", "+OK")
	c.has("latency latest", `^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d+\r\n:[1-9]\d*\r\n:[1-9]\d*\r\n$`)
	c.has("latency history command", `^\*1\r\n\*2\r\n:\d+\r\n:\d+\r\n$`)
	c.has("latency graph command", `command - high \d+ ms, low \d+ ms \(all time high \d+ ms\)`)
	c.has("latency doctor", "SLOWLOG GET")
	c.Env.NoteLatency("expire-cycle", 5e6)
	c.Env.NoteLatency("expire-cycle", 5e5) // below the threshold
	c.is("latency reset expire-cycle nosuch", ":1")
	c.is("latency reset", ":1")
	c.is("latency latest", "[]")
	c.has("latency help", "HISTOGRAM")

	c.is("latency histogram nosuch", "[]")
	c.is("config resetstat", "+OK")
	c.is("time x", "-ERR wrong number of arguments for 'time' command")
	c.is("latency histogram time", "[]")
	c.Do("time")
	c.has("latency histogram time", `^\*2\r\n\$4\r\ntime\r\n\*4\r\n\$5\r\ncalls\r\n:1\r\n\$14\r\nhistogram_usec\r\n\*2\r\n:\d+\r\n:1\r\n$`)
	c.has("latency histogram latency", `latency\|histogram`)
	c.Proto(3)
	c.has("latency histogram time", `^%1\r\n\$4\r\ntime\r\n%2\r\n\$5\r\ncalls\r\n:1\r\n\$14\r\nhistogram_usec\r\n%1\r\n:\d+\r\n:1\r\n$`)
}

// TestLatencyGraph draws a rise.
func TestLatencyGraph(t *testing.T) {
	c := start(t)
	for i := range int64(5) {
		c.Env.Latency.Add("command", 100*(i+1), 1000*(i+1))
	}
	got := drawLatency(c.Env.Latency.Find("command"), 65)
	lines := strings.Split(got, "\n")
	if len(lines) != 10 || lines[0] != "command - high 500 ms, low 100 ms (all time high 500 ms)" || lines[7] != "11111" || lines[8] != "mmmmm" {
		t.Fatalf("got\n%s", got)
	}
	height := func(col int) (n int) {
		for _, l := range lines[2:6] {
			n += strings.IndexByte(graphMarks, l[col])
		}
		return n
	}
	for col := 1; col < 5; col++ {
		if height(col) <= height(col-1) {
			t.Errorf("column %d is not higher than the one before:\n%s", col, got)
		}
	}
}

// TestSaves checks what the commands of snapshots ask of the server, and what they answer.
func TestSaves(t *testing.T) {
	c := start(t)
	c.is("save", "+OK")
	c.is("bgsave x", "-ERR syntax error")
	c.is("bgsave schedule x", "-ERR syntax error")
	c.is("bgsave cancel", "-ERR Background saving is currently not in progress or scheduled")
	c.is("bgsave", "+Background saving started")
	c.is("bgsave schedule", "-"+errSaving)
	c.is("save", "-"+errSaving)
	c.is("bgsave cancel", "+Background saving cancelled")
	c.is("bgsave schedule", "+Background saving started")
	c.Env.Saves.Running = false
	c.Env.Saves.Scheduled = true
	c.is("bgsave cancel", "+Scheduled background saving cancelled")
	if got := strings.Join(c.Ops.Saves, ","); got != "save,bgsave,bgsave" {
		t.Errorf("the server was asked for %s", got)
	}
	c.Ops.Refuse = errors.New("full")
	c.is("save", "-ERR")
	c.is("bgsave", "-ERR")
	c.is("debug reload", "-ERR Error trying to load the RDB dump, check server logs.")
}

func TestServer(t *testing.T) {
	c := start(t)
	c.has("time", `^\*2\r\n\$10\r\n\d{10}\r\n\$\d\r\n\d{1,6}\r\n$`)
	c.is("role", "[$6 master :0 []]")
	c.has("lastsave", `^:\d+\r\n`)
	c.is("bgrewriteaof", "+Background append only file rewriting started")
	c.is("debug loadaof", "+OK")
	c.Ops.Refuse = command.ErrRewriting
	c.is("bgrewriteaof", "-ERR Background append only file rewriting already in progress")
	c.Ops.Refuse = errors.New("full")
	c.is("bgrewriteaof", "-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
	c.is("debug loadaof", "-ERR Error trying to load the AOF files, check server logs.")
	c.Ops.Refuse = nil
	c.is("module list", "[]")
	c.is("module load x", "-"+errModuleOff)
	c.is("module loadex x", "-"+errModuleOff)
	c.is("module unload x", "-"+errModuleOff)
	c.has("module help", "UNLOAD")
	c.has("lolwut", `Redis ver\. 7\.4\.0`)
	c.has("lolwut version 5 10 4", "Granary")
	c.is("lolwut version x", "-ERR value is not an integer or out of range")
	c.is("lolwut x", "-ERR value is not an integer or out of range")
}

func TestShutdown(t *testing.T) {
	c := start(t)
	c.is("shutdown x", "-ERR syntax error")
	c.is("shutdown save nosave", "-ERR syntax error")
	c.is("shutdown abort now", "-ERR syntax error")
	c.is("shutdown abort", "-ERR No shutdown in progress.")
	if len(c.Ops.Shutdowns) != 0 {
		t.Errorf("shut down by mistake: %v", c.Ops.Shutdowns)
	}
	if got := c.Do("shutdown", "NOSAVE", "now", "Force"); got != "" {
		t.Errorf("SHUTDOWN answered %q", got)
	}
	if want := command.ShutdownNoSave | command.ShutdownNow | command.ShutdownForce; c.Ops.Shutdowns[0] != want {
		t.Errorf("options are %v, want %v", c.Ops.Shutdowns[0], want)
	}
	c.Ops.Refuse = errors.New("no")
	c.is("shutdown", "-ERR Errors trying to SHUTDOWN. Check logs.")
}

func TestDebug(t *testing.T) {
	c := start(t)
	c.is("debug", "-ERR wrong number of arguments for 'debug' command")
	for _, line := range []string{"nosuch", "sleep", "jmap", "object", "object a b c", "replybuffer foo 1", "populate"} {
		name := strings.Fields(line)[0]
		c.is("debug "+line, "-ERR unknown subcommand or wrong number of arguments for '"+name+"'. Try DEBUG HELP.")
	}
	c.is("debug set-active-expire 0", "+OK")
	if c.Env.Keys.ActiveExpire {
		t.Error("active expiry is on")
	}
	c.is("debug set-active-expire 1", "+OK")
	c.is("debug pause-cron 1", "+OK")
	if !c.Env.CronPaused || !c.Ops.Paused {
		t.Error("cron is not paused")
	}
	c.is("debug error FOO", "-FOO")
	c.is("debug log x", "+OK")
	c.is("debug reload x", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
	c.is("debug reload", "+OK")
	c.is("debug reload noflush merge", "+OK")
	c.is("debug loadaof", "+OK")
	c.is("debug quicklist-packed-threshold 100b", "+OK")
	c.is("debug quicklist-packed-threshold 4gb", "-ERR argument must be a memory value bigger than 1 and smaller than 4gb")
	c.is("debug stringmatch-len 100000 a*b", ":0")
	c.is("debug stringmatch-len 100000 a*a", ":1")
	c.is("debug replybuffer peak-reset-time never", "+OK")
	if c.Ops.ReplyPeak != -1 {
		t.Errorf("peaks count for %d", c.Ops.ReplyPeak)
	}
	c.is("debug replybuffer peak-reset-time 100", "+OK")
	c.is("debug replybuffer peak-reset-time reset", "+OK")
	c.is("debug replybuffer peak-reset-time x", "-ERR value is not an integer or out of range")
	c.is("debug replybuffer resizing 0", "+OK")
	if !c.Ops.FixedSize {
		t.Error("reply buffers are fitted")
	}
	c.is("debug replybuffer resizing 1", "+OK")
	if c.Ops.FixedSize {
		t.Error("reply buffers are not fitted")
	}
	before := c.Env.ReplID
	c.is("debug change-repl-id", "+OK")
	if c.Env.ReplID == before || len(c.Env.ReplID) != 40 {
		t.Errorf("replication ID %q", c.Env.ReplID)
	}
	c.has("debug structsize", "robj:6 ")
	c.has("debug help", "DIGEST-VALUE")

	c.Env.Config.EnableDebugCommand = 0
	c.is("debug sleep 0", "-"+errDebugOff)
}

func TestDebugData(t *testing.T) {
	c := start(t)
	c.is("debug object k", "-ERR no such key")
	c.is("debug sdslen k", "-ERR no such key")
	c.is("debug htstats-key k", "-ERR no such key")
	c.is("debug htstats 16", "-ERR Out of range database")
	c.is("debug htstats x", "-ERR value is not an integer or out of range")
	c.has("debug htstats 0", "No stats available")
	c.is("debug populate x", "-ERR value is out of range, must be positive")
	c.is("debug populate 3", "+OK")
	c.is("debug populate 3 k 100", "+OK")
	c.has("debug htstats 0", "number of elements: 6\n")
	value := func(key string) string {
		it := c.Client.DB.Read([]byte(key))
		if !it.Exists() {
			return "none"
		}
		var buf [20]byte
		return string(it.Entry.Text(&buf))
	}
	if got := value("key:2"); got != "value:2" {
		t.Errorf("key:2 is %q", got)
	}
	if got := value("k:2"); got != "value:2"+strings.Repeat("\x00", 93) {
		t.Errorf("k:2 is %q", got)
	}
	c.has("debug object key:2", `^\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:8 lru:\d+ lru_seconds_idle:0\r\n$`)
	c.has("debug object k:2", `encoding:raw serializedlength:102 `)
	c.is("debug sdslen key:2", "+key_sds_len:5, key_sds_avail:0, key_zmalloc: 24, val_sds_len:7, val_sds_avail:0, val_zmalloc: 0")
	c.is("debug sdslen k:2", "+key_sds_len:3, key_sds_avail:0, key_zmalloc: 16, val_sds_len:100, val_sds_avail:0, val_zmalloc: 112")
	for n, want := range map[int64]int{5: 2, -128: 2, 300: 3, 70000: 5, 5000000000: 11} {
		it := c.Client.DB.Write([]byte("n"))
		it.SetInt(n)
		c.has("debug object n", fmt.Sprintf(`encoding:int serializedlength:%d `, want))
	}
	c.is("debug sdslen n", "-ERR Not an sds encoded string.")
	c.has("debug htstats-key n", "^-ERR The value stored")
}

// TestInfoFieldsOnce sees that no field of INFO is printed twice.
func TestInfoFieldsOnce(t *testing.T) {
	for i := range fields {
		seen := map[string]bool{}
		for k := range fields[i].Fields {
			name := fields[i].Fields[k].Name
			if name != "" && seen[name] {
				t.Errorf("INFO %s has %s twice", fields[i].Name, name)
			}
			seen[name] = true
		}
	}
}
