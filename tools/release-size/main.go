// Command release-size prints how many bytes Helm stores for the release whose JSON it reads from its input.
//
// Helm writes a release as JSON, gzip at the best level, base64 (Helm 3.17 and 4.3, pkg/storage/driver encodeRelease).
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
)

func main() {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = io.Copy(writer, os.Stdin)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(base64.StdEncoding.EncodedLen(packed.Len()))
}
