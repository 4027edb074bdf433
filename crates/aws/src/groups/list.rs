//! EC2: the default security groups of an account, page by page.

use defsg_core::SecurityGroup;
use defsg_core::group::DEFAULT_GROUP_NAME;
use defsg_core::ports::{ApiError, DefaultGroups, Page, UnreadableGroup};

use super::convert::to_group;
use crate::clients::Clients;
use crate::ec2::filter;

/// The most groups on a page. EC2 gives up to 1,000; a page is held in memory whole, several times over while
/// it is parsed.
const PAGE_SIZE: i32 = 800;

impl DefaultGroups for Clients {
    async fn default_groups(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Result<SecurityGroup, UnreadableGroup>>, ApiError> {
        const OPERATION: &str = "DescribeSecurityGroups";
        let call = self.ec2().describe_security_groups().filters(filter("group-name", [DEFAULT_GROUP_NAME]));
        let call = call.filters(filter("owner-id", [self.place.account.as_str()]));
        let answer = call.max_results(PAGE_SIZE).set_next_token(page.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| self.caller.error(OPERATION, &error))?;
        let Some(groups) = answer.security_groups else {
            return Err(self.caller.unreadable(OPERATION, "the answer has no list of groups"));
        };
        let items = groups.into_iter().map(|group| {
            let id = group.group_id.clone().unwrap_or_else(|| "(no group ID)".to_owned());
            to_group(group).map_err(|problem| UnreadableGroup { id, problem })
        });
        Ok(Page { items: items.collect(), next: answer.next_token })
    }
}
