"""From a workspace to a release: definitions x engine x statistics x disclosure."""

from evenground.pipeline.build import BuildReport, build_release, check_workspace
from evenground.pipeline.records import prepare_records
from evenground.pipeline.stages import Stage

__all__ = ["BuildReport", "Stage", "build_release", "check_workspace", "prepare_records"]
