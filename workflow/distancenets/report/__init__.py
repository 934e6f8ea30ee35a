"""The pages that gather tables and figures for a reader."""
