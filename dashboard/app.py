"""The dashboard, as Streamlit runs it: one look, one navigation, one page at a time."""

from functools import partial

import streamlit as st

from dashboard import settings, state
from dashboard.doors import guarded
from dashboard.lenses import LENSES, begin
from dashboard.views import about, compare, lens, runs

st.set_page_config(page_title="spexcore", page_icon=str(settings.LOGO), layout="wide")
st.html(settings.THEME_CSS)
st.logo(str(settings.LOGO), size="medium")
begin()
pages = {
    **{
        name: st.Page(partial(lens.show, name), title=module.TITLE, url_path=name, default=name == next(iter(LENSES)))
        for name, module in LENSES.items()
    },
    "compare": st.Page(compare.show, title="Compare", url_path="compare"),
    "runs": st.Page(runs.show, title="Runs", url_path="runs"),
    "about": st.Page(about.show, title="About", url_path="about"),
}
page = st.navigation(list(pages.values()), position="top")
goto = state.get(state.GOTO)
state.put(**{state.GOTO: ""})
if goto and pages[goto].url_path != page.url_path:
    st.switch_page(pages[goto])
with guarded():
    page.run()
