package corpus

import (
	"encoding/json"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// exitMemory is the exit status of a process that passed its limit of memory.
const exitMemory = 3

// Work is the process at the other end of [Runner.Command]: it examines one file
// and prints the row. It ends the process when that holds more than mb megabytes.
func Work(stdout io.Writer, file string, exports Exports, mb int) error {
	peak := watch(int64(mb)<<20, func() { os.Exit(exitMemory) })
	row := Examine(file, NewChecker(exports))
	row.MB = int(peak() >> 20)
	return json.NewEncoder(stdout).Encode(row)
}

// watch measures the memory of the process until it ends, and calls over when it
// passes the limit. What it returns tells the most that was seen.
func watch(limit int64, over func()) (peak func() int64) {
	debug.SetMemoryLimit(limit / 10 * 9) // collect before giving up
	var most atomic.Int64
	look := func() {
		if now := held(); now > most.Load() {
			most.Store(now)
		}
	}
	go func() {
		for range time.Tick(10 * time.Millisecond) {
			if look(); most.Load() > limit {
				over()
			}
		}
	}()
	return func() int64 {
		look()
		return most.Load()
	}
}

// held is the memory that the Go runtime has from the system.
func held() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64()) //nolint:gosec // G115: sizes of memory
}
