package config

// A Directive is one row of the table.
type Directive struct {
	Name    string
	Alias   string // the name of before, or of another server; works everywhere the name does
	Kind    Kind
	Flags   Flags
	Doc     string // one or two sentences: what the setting does
	Affects string // when and on what a change works
	Since   string // "" is Redis 7.0; else "Redis 7.2", "Valkey 8.1", "Granary"
	Group   string // heading of the section the row stands in
}

// Flags say how a directive may be used.
type Flags uint16

const (
	Immutable   Flags = 1 << iota // set at start only
	Sensitive                     // the value is a secret: redacted in SLOWLOG, MONITOR and the log
	MultiArg                      // takes more than one word
	Protected                     // CONFIG SET needs enable-protected-configs
	DenyLoading                   // CONFIG SET answers LOADING while a data set is being loaded
	Hidden                        // CONFIG GET shows it only when asked for by its full name
	Volatile                      // applied even if set to the value it has (the files behind it may have changed)
	Inert                         // accepted and read back; there is nothing in Granary for it to do
)

// A Kind is the type of a directive: it knows the field of Values that holds the value.
type Kind interface {
	// set parses words into the field. The error is what a client or the log reads.
	set(v *Values, words []string) error
	// get appends the value in the form CONFIG GET answers.
	get(v *Values) string
	// reset puts the default in place.
	reset(v *Values)
	// rewrite hands the lines of a configuration file to w.
	rewrite(v, def *Values, d *Directive, w *rewriter)
	// describe gives the documentation page the type and what values are allowed.
	describe() (kind, allowed string)
}

var (
	table  []*Directive
	byName = map[string]*Directive{}
)

// section is a part of the table: rows that belong together, under one heading.
type section struct {
	title   string
	affects string // of the rows that say nothing themselves and can change at run time
	rows    []Directive
}

func init() {
	for _, s := range []section{
		networkSection, tlsSection, generalSection, logSection, snapshotSection, replicationSection, securitySection,
		memorySection, lazyfreeSection, threadsSection, aofSection, scriptSection, clusterSection, monitorSection,
		encodingSection, advancedSection, defragSection, deadSection, debugSection,
	} {
		for i := range s.rows {
			d := &s.rows[i]
			d.Group = s.title
			switch {
			case d.Affects != "":
			case d.Flags&Immutable != 0:
				d.Affects = "start"
			default:
				d.Affects = s.affects
			}
			table = append(table, d)
			for _, n := range []string{d.Name, d.Alias} {
				if n == "" {
					continue
				}
				if byName[n] != nil {
					panic("BUG: config: two rows for " + n)
				}
				byName[n] = d
			}
		}
	}
}
