package config

var deadSection = section{
	title: "Dead memory", affects: "at once",
	rows: []Directive{
		{
			Name: "memory-reclaim-dead", Kind: yesNo(func(v v) *bool { return &v.MemoryReclaimDead }, false), Since: "Granary",
			Doc: "Looks in the background for memory that serves nobody any more, and frees it.",
		},
		{
			Name: "memory-reclaim-dead-kinds", Flags: MultiArg, Since: "Granary",
			Kind: enumKind[DeadKinds]{at: func(v v) *DeadKinds { return &v.MemoryReclaimDeadKinds }, def: defaultDeadKinds, words: deadKindWords, flags: true},
			Doc:  "What is freed, in the words of MEMORY DEAD. encodings and scripts can be seen by clients: OBJECT ENCODING tells of the first, EVALSHA answers NOSCRIPT for the second.",
		},
		{
			Name: "memory-reclaim-dead-interval", Kind: integer(func(v v) *int64 { return &v.MemoryReclaimDeadInterval }, 60, 0, maxInt), Since: "Granary",
			Doc: "Seconds from the end of one pass over the keys to the begin of the next.",
		},
		{
			Name: "memory-reclaim-dead-idle", Kind: integer(func(v v) *int64 { return &v.MemoryReclaimDeadIdle }, 60, 0, maxInt), Since: "Granary",
			Doc: "Seconds that a value, a client or a script must not have been used for its room to be freed.",
		},
		{
			Name: "memory-reclaim-dead-percent", Kind: integer(func(v v) *int64 { return &v.MemoryReclaimDeadPercent }, 10, 0, 100), Since: "Granary",
			Doc: "Per cent of a value, or of a node of one, that have to be gained; less is left alone.",
		},
	},
}
