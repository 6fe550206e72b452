// The load generator of bench/registry.ts: a registry client that costs as little as it can. One action a call;
// prints one line of JSON.
//
//	load push      -size N -clients C -operations N -flow patch|single -run NAME
//	load pull      -size N -clients C -operations N -run NAME      (what a push with that run name left)
//	load manifests -tags N -clients C -seconds S                   (GET by a random tag of `fill`)
//	load get       -path P -operations N                           (one path, one client)
//	load fill      -count N -clients C                             (N small images, each with its tag)
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

type settings struct {
	target     target
	repository string
	size       int
	clients    int
	operations int
	flow       string
	run        string
	tags       int
	seconds    float64
	path       string
}

// result is what one call measured. Milliseconds are of single operations.
type result struct {
	Operations int     `json:"operations"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
}

func main() {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	url := flags.String("url", "", "base URL of the registry")
	authorization := flags.String("authorization", "", "Authorization header")
	var s settings
	flags.StringVar(&s.repository, "repository", "bench", "repository")
	flags.IntVar(&s.size, "size", 1<<20, "bytes of a layer")
	flags.IntVar(&s.clients, "clients", 1, "connections at once")
	flags.IntVar(&s.operations, "operations", 1, "operations of all clients together")
	flags.StringVar(&s.flow, "flow", "patch", "patch: POST, PATCH, PUT (docker); single: POST, PUT (oras)")
	flags.StringVar(&s.run, "run", "run", "name of this run: part of its tags")
	flags.IntVar(&s.tags, "tags", 10, "number of tags to choose from, or to make")
	flags.Float64Var(&s.seconds, "seconds", 1, "how long")
	flags.StringVar(&s.path, "path", "/v2/", "path and query")
	actions := map[string]func(settings) result{
		"push": push, "pull": pull, "manifests": manifests, "get": get, "fill": fill,
	}
	action, known := actions[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "no such action: "+os.Args[1])
		os.Exit(2)
	}
	must(flags.Parse(os.Args[2:]))
	s.target = newTarget(*url, *authorization)
	must(json.NewEncoder(os.Stdout).Encode(action(s)))
}

// measure lets every client draw operation numbers until `operations` are done or `seconds` (if not 0) are over.
func measure(s settings, operations int, seconds float64, operation func(*connection, int) int64) result {
	type share struct {
		times []float64
		bytes int64
	}
	shares := make([]share, s.clients)
	var next int
	var lock sync.Mutex
	draw := func() int {
		lock.Lock()
		defer lock.Unlock()
		next++
		return next - 1
	}
	started := time.Now()
	limit := started.Add(time.Duration(seconds * float64(time.Second)))
	var group sync.WaitGroup
	for client := 0; client < s.clients; client++ {
		group.Add(1)
		go func() {
			defer group.Done()
			mine := &shares[client]
			c := s.target.connect()
			for number := draw(); number < operations; number = draw() {
				begun := time.Now()
				if seconds > 0 && begun.After(limit) {
					break
				}
				mine.bytes += operation(c, number)
				mine.times = append(mine.times, float64(time.Since(begun).Microseconds())/1000)
			}
		}()
	}
	group.Wait()
	elapsed := time.Since(started).Seconds()
	var times []float64
	var bytes int64
	for _, mine := range shares {
		times = append(times, mine.times...)
		bytes += mine.bytes
	}
	sort.Float64s(times)
	if len(times) == 0 {
		panic("no operation was done")
	}
	return result{len(times), bytes, elapsed, times[len(times)/2], times[len(times)*99/100]}
}
