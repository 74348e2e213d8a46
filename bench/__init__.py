"""Speed as ratios: each path of a running node against the raw limits of the same run."""
