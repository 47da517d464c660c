package admin

import (
	"math/rand/v2"
	"strings"

	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/object"
)

// cmdLOLWUT answers LOLWUT [VERSION n] [columns [rows]]: a field of grain in the wind, never twice the same.
func cmdLOLWUT(c *command.Ctx) {
	args := c.Args[1:]
	if len(args) >= 2 && command.Is(args[0], "version") {
		if _, ok := c.Int(args[1]); !ok {
			return
		}
		args = args[2:]
	}
	size := [2]int64{66, 8}
	for i, a := range args[:min(len(args), 2)] {
		n, ok := object.ParseInt(a)
		if !ok {
			c.Out.Error(command.ErrNotInteger)
			return
		}
		size[i] = min(max(n, 4), 200)
	}
	text := field(int(size[0]), int(size[1])) + "\nGranary " + info.Version + " (Redis ver. " + info.RedisVersion + ")\n"
	c.Out.Verbatim(text, "txt")
}

// field draws ears of different heights that bend to one side or the other.
func field(cols, rows int) string {
	grid := make([][]byte, rows)
	for i := range grid {
		grid[i] = []byte(strings.Repeat(" ", cols))
	}
	put := func(x, y int, ch byte) {
		if x >= 0 && x < cols && y >= 0 && y < rows {
			grid[y][x] = ch
		}
	}
	for x := 1; x < cols-1; x += 3 {
		top := 1 + rand.IntN(rows/2)
		lean := rand.IntN(3) - 1
		for y := rows - 1; y > top; y-- {
			put(x, y, '|')
		}
		put(x+lean, top, `\|/`[lean+1])
		put(x+lean, top-1, "oO*"[rand.IntN(3)])
	}
	for x := range cols {
		if grid[rows-1][x] == ' ' {
			grid[rows-1][x] = ".,_"[rand.IntN(3)]
		}
	}
	var b strings.Builder
	for _, row := range grid {
		b.WriteString(strings.TrimRight(string(row), " ") + "\n")
	}
	return b.String()
}
