package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"math"
	mathrand "math/rand"
	"regexp"
	"strings"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
	bytesType    = "application/octet-stream"
)

var config = []byte(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`)

// push sends images of one fresh layer each: the layer's upload and the manifest under a new tag. Content is made
// and hashed beforehand: all layers share a prefix, whose hash state is continued with a few bytes of their own.
func push(s settings) result {
	prefix := make([]byte, s.size-32)
	_, err := rand.Read(prefix)
	must(err)
	hash := sha256.New()
	hash.Write(prefix)
	state, err := hash.(encoding.BinaryMarshaler).MarshalBinary()
	must(err)
	suffixes := make([][]byte, s.operations)
	digests := make([]string, s.operations)
	for i := range suffixes {
		suffixes[i] = make([]byte, 32)
		_, err := rand.Read(suffixes[i])
		must(err)
		own := sha256.New()
		must(own.(encoding.BinaryUnmarshaler).UnmarshalBinary(state))
		own.Write(suffixes[i])
		digests[i] = "sha256:" + hex.EncodeToString(own.Sum(nil))
	}
	pushBlob(s.target.connect(), s, digestOf(config), config)
	return measure(s, s.operations, 0, func(c *connection, i int) int64 {
		pushBlob(c, s, digests[i], prefix, suffixes[i])
		putManifest(c, s, fmt.Sprintf("%s-%d", s.run, i), manifest(digests[i], s.size, s.run))
		return int64(s.size)
	})
}

var layerDigest = regexp.MustCompile(`"layers":\[\{[^}]*"digest":"([^"]+)"`)

// pull fetches images as a client does that has nothing of them: the manifest by tag, then its layer.
func pull(s settings) result {
	return measure(s, s.operations, 0, func(c *connection, i int) int64 {
		response := c.send("GET", fmt.Sprintf("/v2/%s/manifests/%s-%d", s.repository, s.run, i), "")
		c.expect(response, 200, "GET manifest")
		digest := layerDigest.FindStringSubmatch(c.text(response))[1]
		response = c.send("GET", "/v2/"+s.repository+"/blobs/"+digest, "")
		c.expect(response, 200, "GET layer")
		length := c.drain(response)
		if length != int64(s.size) {
			panic(fmt.Sprintf("a layer of %d bytes came with %d", s.size, length))
		}
		return length
	})
}

func manifests(s settings) result {
	return measure(s, math.MaxInt, s.seconds, func(c *connection, _ int) int64 {
		path := fmt.Sprintf("/v2/%s/manifests/%s", s.repository, tagName(mathrand.Intn(s.tags)))
		response := c.send("GET", path, "")
		c.expect(response, 200, "GET "+path)
		return c.drain(response)
	})
}

func get(s settings) result {
	return measure(s, s.operations, 0, func(c *connection, _ int) int64 {
		response := c.send("GET", s.path, "")
		c.expect(response, 200, "GET "+s.path)
		return c.drain(response)
	})
}

// fill makes images that differ in an annotation only and share a configuration and a layer.
func fill(s settings) result {
	layer := []byte("layer of every image of this benchmark")
	first := s.target.connect()
	pushBlob(first, s, digestOf(config), config)
	pushBlob(first, s, digestOf(layer), layer)
	return measure(s, s.tags, 0, func(c *connection, i int) int64 {
		putManifest(c, s, tagName(i), manifest(digestOf(layer), len(layer), tagName(i)))
		return 0
	})
}

// tagName is also what bench/many-images.ts calls the images it writes.
func tagName(number int) string { return fmt.Sprintf("v%06d", number) }

func manifest(layer string, size int, name string) []byte {
	return []byte(fmt.Sprintf(
		`{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":%d},`+
			`"layers":[{"mediaType":"%s","digest":"%s","size":%d}],"annotations":{"name":"%s"}}`,
		manifestType, configType, digestOf(config), len(config), layerType, layer, size, name))
}

func pushBlob(c *connection, s settings, digest string, content ...[]byte) {
	response := c.send("POST", "/v2/"+s.repository+"/blobs/uploads/", bytesType)
	c.expect(response, 202, "POST upload")
	upload := location(response)
	c.drain(response)
	if s.flow == "patch" {
		response = c.send("PATCH", upload, bytesType, content...)
		c.expect(response, 202, "PATCH upload")
		upload = location(response)
		c.drain(response)
		content = nil
	}
	separator := "?"
	if strings.Contains(upload, "?") {
		separator = "&"
	}
	response = c.send("PUT", upload+separator+"digest="+digest, bytesType, content...)
	c.expect(response, 201, "PUT upload")
	c.drain(response)
}

func putManifest(c *connection, s settings, tag string, bytes []byte) {
	response := c.send("PUT", "/v2/"+s.repository+"/manifests/"+tag, manifestType, bytes)
	c.expect(response, 201, "PUT manifest")
	c.drain(response)
}

func digestOf(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return "sha256:" + hex.EncodeToString(sum[:])
}
