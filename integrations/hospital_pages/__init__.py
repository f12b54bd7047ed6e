"""The hospital's own pages of answers, which staff write, and how a patient's question finds one."""

from integrations.hospital_pages.pages import FOLDER, Page, Pages, Section

__all__ = ["FOLDER", "Page", "Pages", "Section"]
