#!/usr/bin/env bash
echo "it did not work" >&2
exit 3
